import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";

const tokenReview = z.object({ spec: z.object({ token: z.string() }) });

/**
 * Tells a Kubernetes API server who owns a bearer token (its authentication webhook), so that tests can act as any user and
 * group while the server runs. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
 */
export interface TokenReviews {
  readonly url: string;
  /** Makes a token of its own for this user. */
  issue(user: string, groups: readonly string[]): string;
  close(): Promise<void>;
}

export async function serveTokenReviews(): Promise<TokenReviews> {
  const owners = new Map<string, { username: string; uid: string; groups: readonly string[] }>();
  const server = createServer((request, response) => {
    json(request)
      .then((body) => {
        const user = owners.get(tokenReview.parse(body).spec.token);
        const status = user === undefined ? { authenticated: false } : { authenticated: true, user };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status }));
      })
      .catch((error: unknown) => {
        response.statusCode = 400;
        response.end(String(error));
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the server of token reviews has no port");
  }
  return {
    url: `http://127.0.0.1:${address.port}/`,
    issue(user, groups) {
      const token = randomBytes(24).toString("base64url");
      owners.set(token, { username: user, uid: user, groups });
      return token;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
