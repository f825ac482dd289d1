import { createHash } from "node:crypto";
import type { RequestOptions } from "node:https";
import { KubeConfig, type RequestContext } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent } from "undici";

/** Idle connections are kept for so long: longer than a demotion may take, so that the label patch after it finds one open. */
const keepAliveMs = 120_000;

/**
 * A KubeConfig whose calls share connections. client-node 2.0.1 makes a new undici Agent for every call, and so a new
 * TLS handshake (`createDispatcher` in its config.js); a label patch sits inside the gap in which writes stop.
 * The pool is made anew when the certificates change, as they do with credential plugins.
 */
export class PooledKubeConfig extends KubeConfig {
  #pool: { readonly key: string; readonly dispatcher: Dispatcher } | null = null;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    if (this.getCurrentCluster()?.proxyUrl?.startsWith("socks")) return super.applySecurityAuthentication(context);
    const options: RequestOptions = {};
    await this.applyToHTTPSOptions(options);
    for (const [name, value] of Object.entries(options.headers ?? {})) context.setHeaderParam(name, String(value));
    if (typeof options.auth === "string") {
      context.setHeaderParam("Authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
    }
    context.setDispatcher(this.#dispatcher(options));
  }

  /** Cuts every connection, also those of calls under way. */
  async close(): Promise<void> {
    await this.#pool?.dispatcher.destroy();
    this.#pool = null;
  }

  #dispatcher(options: RequestOptions): Dispatcher {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls = definedOnly({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
    const poolKey = createHash("sha256").update(JSON.stringify(tls)).digest("hex");
    if (this.#pool?.key === poolKey) return this.#pool.dispatcher;
    // Calls under way end on the old connections; `close` lets them.
    this.#pool?.dispatcher.close().catch(() => {});
    const dispatcher = this.#newDispatcher(tls);
    this.#pool = { key: poolKey, dispatcher };
    return dispatcher;
  }

  #newDispatcher(tls: object): Dispatcher {
    const proxyUrl = this.getCurrentCluster()?.proxyUrl;
    // HTTP/1.1: a connection a call, so that a slow answer or a dead connection holds up nobody else.
    const pool = { keepAliveTimeout: keepAliveMs, keepAliveMaxTimeout: keepAliveMs, allowH2: false };
    if (proxyUrl) return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: tls });
    return new Agent({ ...pool, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 } });
  }
}

function definedOnly(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
