/** The same object, but for what `change` has. */
export function overlaid<T extends object>(real: T, change: Partial<T>): T {
  return new Proxy(real, {
    get(_target, key) {
      const changed: unknown = Reflect.get(change, key);
      const found: unknown = changed ?? Reflect.get(real, key, real);
      return typeof found === "function" ? found.bind(changed === undefined ? real : change) : found;
    },
  });
}
