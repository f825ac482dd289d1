import { type DataState, DoltError, type DoltIdentity, type DoltSession } from "../../ports/dolt-servers.ts";
import type { OperationContext } from "../operation.ts";
import { addressOf, type DoltNode, type DoltView } from "./look.ts";

/** For single questions to a server that is expected to answer. */
export const questionDeadlineMs = 2_000;
const roleDeadlineMs = 5_000;

export function nodeOf(view: DoltView, name: string): DoltNode | null {
  return view.nodes.find((node) => node.name === name) ?? null;
}

/** A session with one server of a view. Throws DoltError. */
export function connectTo(context: OperationContext, view: DoltView, name: string): Promise<DoltSession> {
  const address = addressOf(name, nodeOf(view, name)?.pod ?? null, view.credentials, view.workload);
  return context.dolt.connect(address, { deadlineMs: questionDeadlineMs, signal: context.signal });
}

/** What a server says of itself now; null when it does not answer. */
export async function identityOf(
  context: OperationContext,
  view: DoltView,
  name: string,
): Promise<DoltIdentity | null> {
  const options = { deadlineMs: questionDeadlineMs, signal: context.signal };
  try {
    return await withSession(context, view, name, (session) => session.identity(options));
  } catch (error) {
    if (error instanceof DoltError) return null;
    throw error;
  }
}

/** Throws DoltError; `unknown` leaves a call behind that may still be carried out. */
export async function assumeRole(
  context: OperationContext,
  view: DoltView,
  name: string,
  role: "primary" | "standby",
  epoch: number,
): Promise<void> {
  const options = { deadlineMs: roleDeadlineMs, signal: context.signal };
  await withSession(context, view, name, (session) => session.assumeRole(role, epoch, options));
}

/** Throws DoltError. `deadlineMs` bounds each of its questions; the context's signal bounds them all. */
export function dataStateOf(
  context: OperationContext,
  view: DoltView,
  name: string,
  deadlineMs: number,
): Promise<DataState> {
  return withSession(context, view, name, (session) => session.dataState({ deadlineMs, signal: context.signal }));
}

async function withSession<T>(
  context: OperationContext,
  view: DoltView,
  name: string,
  ask: (session: DoltSession) => Promise<T>,
): Promise<T> {
  const session = await connectTo(context, view, name);
  try {
    return await ask(session);
  } finally {
    session.close();
  }
}
