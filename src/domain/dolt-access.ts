/** What is set about connecting at one place; what it leaves out, the next place says (docs/connecting.md). */
export interface DoltAccessSettings {
  readonly connectBy?: "ip" | "host";
  readonly tls?: TlsSetting;
  readonly tlsCa?: CaSource;
  readonly tlsServerName?: string;
}

export type TlsSetting = "off" | "required" | "insecure";

/** Where certificates of CAs are: here, in a file of this process, or in an object of the target's namespace. */
export type CaSource =
  | { readonly kind: "pem"; readonly pem: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "secret" | "configmap"; readonly name: string; readonly key: string };

/** A user and a password, and where they were found, for people. */
export interface DoltLogin {
  readonly username: string;
  readonly password: string;
  readonly source: string;
}
