/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** An amount (`250m`, `1Gi`, `2e3`) in base units: cores, bytes, pieces. Null for what is none. */
export function readQuantity(text: string): number | null {
  const [, digits = "", suffix = ""] = /^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?|[+-]?\d+\.)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = factors[suffix];
  const number = Number(digits);
  return digits === "" || factor === undefined || Number.isNaN(number) ? null : number * factor;
}
