import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { User } from "../access/users.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Resource } from "../resources.ts";

/** A request that has been authenticated, authorised and read. */
export interface ApiRequest {
  readonly method: string;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly user: User;
  readonly body: Json | undefined;
}

/** What goes back: one document, one text, or a stream that writes itself. */
export type Answer =
  | { readonly kind: "document"; readonly code: number; readonly body: JsonObject }
  | { readonly kind: "text"; readonly code: number; readonly text: string }
  | { readonly kind: "stream"; readonly write: (response: ServerResponse) => void };

export const ok = (body: JsonObject): Answer => ({ kind: "document", code: 200, body });
export const created = (body: JsonObject): Answer => ({ kind: "document", code: 201, body });
