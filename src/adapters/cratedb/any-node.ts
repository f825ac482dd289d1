import {
  type CrateAccess,
  type CrateAddress,
  type CrateCallOptions,
  CrateError,
  type NodeAnswer,
} from "../../ports/crate-servers.ts";
import type { CrateResult } from "./answer.ts";
import { type CallLimits, NodeConnection } from "./node-connection.ts";

/** Asks whichever node answers, the one that did last first. */
export class AnyNode {
  readonly #access: CrateAccess;
  #nodes: NodeConnection[];

  constructor(addresses: readonly CrateAddress[], access: CrateAccess) {
    this.#access = access;
    this.#nodes = addresses.map((address) => new NodeConnection(address, access));
  }

  /**
   * The first answer that a node gives. Nodes that cannot be reached, stay silent or fail by themselves (5xx) are passed
   * over, each within its share of the time that is left; an answer that is no is an answer.
   * @param isFit an answer that is not fit is only used when no node has a better one
   */
  async ask(
    statement: string,
    options: CrateCallOptions,
    isFit: (result: CrateResult) => boolean = () => true,
  ): Promise<CrateResult> {
    const { result, unfit, errors } = await this.#inTurn(options, async (node, limits) => {
      const answer = await node.ask(statement, limits);
      return { isFit: isFit(answer), answer };
    });
    const answer = result ?? unfit;
    if (answer !== null) return answer;
    throw summary(errors);
  }

  /** Has something changed by one node, and by another only when the first was certainly not asked. */
  async change(statement: string, options: CrateCallOptions): Promise<CrateResult> {
    const { result, errors } = await this.#inTurn(
      options,
      async (node, limits) => ({ isFit: true, answer: await node.change(statement, limits) }),
      // What was asked and not answered is not asked again, and the whole time is its own.
      { onlyUnreachable: true },
    );
    if (result !== null) return result;
    throw summary(errors);
  }

  /** Asks each node by itself, at once. */
  async each(statement: string, options: CrateCallOptions): Promise<NodeAnswer[]> {
    return await Promise.all(
      this.#nodes.map(async (node): Promise<NodeAnswer> => {
        const limits = within(options.deadlineMs, options.signal);
        try {
          await node.ask(statement, { signal: limits.signal, connectMs: options.deadlineMs });
          return { address: node.address, error: null };
        } catch (error) {
          return { address: node.address, error: asCrateError(error) };
        } finally {
          limits.end();
        }
      }),
    );
  }

  useAddresses(addresses: readonly CrateAddress[]): void {
    const kept = new Map(this.#nodes.map((node) => [keyOf(node.address), node]));
    const wanted = new Set(addresses.map(keyOf));
    for (const [key, node] of kept) if (!wanted.has(key)) node.close().catch(() => {});
    const nodes = addresses.map((address) => kept.get(keyOf(address)) ?? new NodeConnection(address, this.#access));
    // The one that answered last stays the first.
    const first = this.#nodes[0];
    this.#nodes = first !== undefined && nodes.includes(first) ? moved(nodes, first) : nodes;
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  async #inTurn(
    options: CrateCallOptions,
    attempt: (node: NodeConnection, limits: CallLimits) => Promise<{ isFit: boolean; answer: CrateResult }>,
    { onlyUnreachable = false } = {},
  ): Promise<{ result: CrateResult | null; unfit: CrateResult | null; errors: NodeFailure[] }> {
    const endsMs = performance.now() + options.deadlineMs;
    const errors: NodeFailure[] = [];
    let unfit: CrateResult | null = null;
    const nodes = [...this.#nodes];
    for (const [index, node] of nodes.entries()) {
      const leftMs = endsMs - performance.now();
      if (leftMs <= 0 || options.signal.aborted) break;
      const shareMs = leftMs / (nodes.length - index);
      const limits = within(onlyUnreachable ? leftMs : shareMs, options.signal);
      try {
        const { isFit, answer } = await attempt(node, {
          signal: limits.signal,
          connectMs: shareMs,
        });
        if (isFit) {
          this.#nodes = moved(this.#nodes, node);
          return { result: answer, unfit, errors };
        }
        unfit ??= answer;
      } catch (thrown) {
        const error = asCrateError(thrown);
        errors.push({ node: node.address.name, error });
        const goesOn = error.outcome === "unreachable" || (!onlyUnreachable && isOfNodeAlone(error));
        if (!goesOn) break;
      } finally {
        limits.end();
      }
    }
    return { result: null, unfit, errors };
  }
}

interface NodeFailure {
  readonly node: string;
  readonly error: CrateError;
}

/** Whether another node may answer where this one did not: silence, and failures of CrateDB's own (5000 and above). */
function isOfNodeAlone({ outcome, code }: CrateError): boolean {
  return outcome === "unknown" || (outcome === "refused" && code !== null && code >= 5000);
}

/** One error for all: what says most, with the node it is of; the others behind it when nobody could be reached. */
function summary(errors: readonly NodeFailure[]): CrateError {
  const telling = errors.findLast(({ error }) => error.outcome !== "unreachable");
  if (telling === undefined) {
    const text = errors.map(({ node, error }) => `${node}: ${error.message}`).join("; ");
    const tls = errors.find(({ error }) => error.tls !== null)?.error.tls ?? null;
    const cause = errors[0]?.error;
    return new CrateError("unreachable", text || "no node to ask, or no time left to ask one", { tls, cause });
  }
  const { node, error } = telling;
  return new CrateError(error.outcome, `${node}: ${error.message}`, { code: error.code, tls: error.tls, cause: error });
}

function asCrateError(thrown: unknown): CrateError {
  if (thrown instanceof CrateError) return thrown;
  return new CrateError("unknown", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

function keyOf({ name, host, port, tlsNames }: CrateAddress): string {
  return JSON.stringify([name, host, port, tlsNames ?? []]);
}

function moved<T>(all: readonly T[], first: T): T[] {
  return [first, ...all.filter((one) => one !== first)];
}

function within(durationMs: number, outer: AbortSignal): { signal: AbortSignal; end(): void } {
  const ended = new AbortController();
  const timer = setTimeout(
    () => ended.abort(new Error(`no answer within ${Math.round(durationMs)} ms`)),
    Math.max(1, durationMs),
  );
  const onAbort = () => ended.abort(new Error("the wait was cancelled"));
  outer.addEventListener("abort", onAbort, { once: true });
  if (outer.aborted) onAbort();
  return {
    signal: ended.signal,
    end: () => {
      clearTimeout(timer);
      outer.removeEventListener("abort", onAbort);
    },
  };
}
