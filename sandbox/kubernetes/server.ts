import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Attributes, Authorizer } from "./access/authorizer.ts";
import type { User, Users } from "./access/users.ts";
import type { Faults } from "./faults.ts";
import type { JsonObject } from "./json.ts";
import { type Answer, ok } from "./requests/answer.ts";
import { discovery, KUBERNETES_VERSION } from "./requests/discovery.ts";
import { parsePath, type RequestPath } from "./requests/request-path.ts";
import { isWatch, type Parts, route } from "./requests/route.ts";
import { parseBody } from "./requests/write.ts";
import { ApiFailure, badRequest, forbidden, forbiddenPath, notAllowed, unauthorized } from "./status.ts";

/** As the API server bounds it. */
const LARGEST_BODY_BYTES = 3 * 1024 * 1024;

export interface ServerParts extends Parts {
  readonly users: Users;
  readonly faults: Faults;
}

/** Reads, authenticates, authorises and answers each request. */
export function requestListener(parts: ServerParts): RequestListener {
  return (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    answerTo(parts, { method, url, headers, body: () => readBody(request) }).then((given) => send(response, given));
  };
}

/** A request, however it came here. */
export interface GivenRequest {
  readonly method: string;
  /** Path and query; what is before them does not matter. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: () => Promise<string>;
}

/** The answer to a request, also when that is a refusal. Never rejects. */
export async function answerTo(parts: ServerParts, request: GivenRequest): Promise<Answer> {
  try {
    return await answer(parts, request);
  } catch (error) {
    const { code, status } = error instanceof ApiFailure ? error : internal(error);
    return { kind: "document", code, body: status };
  }
}

async function answer(parts: ServerParts, request: GivenRequest): Promise<Answer> {
  const { users, faults, authorizer } = parts;
  const { method, headers } = request;
  const url = new URL(request.url, "https://sandbox");
  const text = await request.body();
  await faults.pass();
  const planned = faults.take(method, url.pathname);
  if (planned !== undefined) {
    throw planned;
  }
  const user = users.authenticate(headers);
  if (user === undefined) {
    throw unauthorized();
  }
  const path = parsePath(url.pathname);
  demandPermission(authorizer, user, method, url, path);
  switch (path.kind) {
    case "plain":
      return plain(path.path);
    case "unknown":
      return plain(url.pathname);
    case "discovery":
      if (method !== "GET") {
        throw notAllowed();
      }
      return ok(discovery(path.group, path.version));
    case "resource": {
      const body = parseBody(text, headers["content-type"] ?? "");
      return route(parts, { ...path, method, query: url.searchParams, headers, user, body });
    }
  }
}

function demandPermission(authorizer: Authorizer, user: User, method: string, url: URL, path: RequestPath): void {
  if (path.kind === "plain" || path.kind === "discovery") {
    const attributes = { verb: method.toLowerCase(), path: url.pathname };
    if (!authorizer.allows(user, attributes)) {
      throw forbiddenPath(url.pathname, user.name, attributes.verb);
    }
    return;
  }
  const { resource, namespace, name, subresource } = path;
  const verb = verbOf(method, url.searchParams, name);
  const attributes: Attributes = {
    verb,
    group: resource.group,
    resource: resource.plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
  if (!authorizer.allows(user, attributes)) {
    const what = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
    const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
    const why = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${resource.group}" ${where}`;
    throw forbidden(resource, name ?? "", why);
  }
}

/** The verb of RBAC. */
function verbOf(method: string, query: URLSearchParams, name: string | undefined): string {
  switch (method) {
    case "GET":
      return isWatch({ method, query }) ? "watch" : name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      return method.toLowerCase();
  }
}

function plain(path: string): Answer {
  switch (path) {
    case "/version":
    case "/version/":
      return ok(KUBERNETES_VERSION);
    case "/healthz":
    case "/livez":
    case "/readyz":
      return { kind: "text", code: 200, text: "ok" };
    default:
      return { kind: "text", code: 404, text: "404 page not found\n" };
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_BODY_BYTES) {
      throw new ApiFailure(413, "RequestEntityTooLarge", `limit is ${LARGEST_BODY_BYTES}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, given: Answer): void {
  // Said by hand, so that Node does not add how long it keeps the connection: clients then decide by their own settings, as
  // they do with a real API server.
  response.setHeader("connection", "keep-alive");
  switch (given.kind) {
    case "stream":
      given.write(response);
      return;
    case "text":
      response.writeHead(given.code, { "content-type": "text/plain" }).end(given.text);
      return;
    case "document":
      document(response, given.code, given.body);
  }
}

function document(response: ServerResponse, code: number, body: JsonObject): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

function internal(error: unknown): ApiFailure {
  if (error instanceof URIError) {
    return badRequest(error.message);
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ApiFailure(500, "InternalError", `Internal error occurred: ${what}`, {});
}
