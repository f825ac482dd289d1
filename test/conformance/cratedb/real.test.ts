import { crateConformance } from "./suite.ts";

/** `http://crate@127.0.0.1:4200`, or `https://NAME:PASSWORD@HOST:PORT`; a superuser, and several nodes with commas between. */
const urls = process.env.CRATE_URL ?? "";

crateConformance("a real CrateDB cluster", async () => {
  const all = urls.split(",").map((text) => new URL(text.trim()));
  const [first] = all;
  if (first === undefined) throw new Error("CRATE_URL is empty");
  return {
    addresses: all.map(({ hostname, port, protocol }) => ({
      name: hostname,
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
    })),
    access: {
      username: decodeURIComponent(first.username) || "crate",
      password: decodeURIComponent(first.password),
      source: "CRATE_URL",
      connectBy: "ip",
      // Whether its certificate is good is another question.
      tls: first.protocol === "https:" ? { mode: "insecure" } : null,
    },
    close: async () => {},
  };
});
