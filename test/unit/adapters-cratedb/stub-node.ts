import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { CrateAddress } from "../../../src/ports/crate-servers.ts";

export interface Heard {
  readonly stmt: string;
  readonly authorization: string;
}

/** What a stub does with a statement: an answer, silence, or a cut connection. */
export type Reaction = { readonly status: number; readonly body: string | object } | "silence" | "cut";

/** A node that answers as a test says, to see what the adapter makes of it. */
export class StubNode {
  readonly heard: Heard[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #name: string;
  #port = 0;
  react: (stmt: string) => Reaction;

  private constructor(name: string, react: (stmt: string) => Reaction, tls: { key: string; cert: string } | null) {
    this.#name = name;
    this.react = react;
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        const stmt = typeof body === "object" && body !== null && "stmt" in body ? String(body.stmt) : "";
        this.heard.push({ stmt, authorization: request.headers.authorization ?? "" });
        const reaction = this.react(stmt);
        if (reaction === "silence") return;
        if (reaction === "cut") {
          request.socket.destroy();
          return;
        }
        response.writeHead(reaction.status);
        response.end(typeof reaction.body === "string" ? reaction.body : JSON.stringify(reaction.body));
      });
    };
    this.#server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(
    name: string,
    react: (stmt: string) => Reaction,
    tls: { key: string; cert: string } | null = null,
  ): Promise<StubNode> {
    const stub = new StubNode(name, react, tls);
    await new Promise<void>((resolve) => {
      stub.#server.listen(0, "127.0.0.1", () => resolve());
    });
    const address = stub.#server.address();
    stub.#port = typeof address === "object" && address !== null ? address.port : 0;
    return stub;
  }

  get address(): CrateAddress {
    return { name: this.#name, host: "127.0.0.1", port: this.#port };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

export function rows(cols: readonly string[], ...all: readonly (readonly unknown[])[]): Reaction {
  return { status: 200, body: { cols, rows: all, rowcount: all.length, duration: 0.1 } };
}

export function failure(status: number, code: number, message: string): Reaction {
  return { status, body: { error: { code, message } } };
}
