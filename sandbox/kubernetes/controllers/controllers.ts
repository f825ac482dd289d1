import type { Registry } from "../store/registry.ts";

export interface Controllers {
  stop(): void;
}

/** Starts what makes the objects come true, but for the nodes. */
export function startControllers(
  _registry: Registry,
  _onError: (message: string, cause: unknown) => void,
): Controllers {
  return { stop: () => {} };
}
