import { syntaxError, type Token, tokenize } from "./tokenizer.ts";

/** The tokens of one statement, read from left to right. Every `expect…` throws the server's syntax error. */
export class TokenStream {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #position = 0;
  #parameters = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokenize(sql);
  }

  /** How many `?` have been read. */
  get parameterCount(): number {
    return this.#parameters;
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? { kind: "end", text: "", at: this.sql.length };
  }

  next(): Token {
    const token = this.peek();
    this.#position += 1;
    return token;
  }

  nextParameter(): number {
    this.#parameters += 1;
    return this.#parameters - 1;
  }

  atWord(...words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.peek(index);
      return token.kind === "word" && token.text.toLowerCase() === word;
    });
  }

  atSymbol(symbol: string): boolean {
    const token = this.peek();
    return token.kind === "symbol" && token.text === symbol;
  }

  /** Reads the words if they all stand here. */
  acceptWords(...words: readonly string[]): boolean {
    if (!this.atWord(...words)) return false;
    this.#position += words.length;
    return true;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.atSymbol(symbol)) return false;
    this.#position += 1;
    return true;
  }

  expectWords(...words: readonly string[]): void {
    if (!this.acceptWords(...words)) this.fail();
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail();
  }

  /** A name, bare or between backquotes. */
  expectName(): string {
    const token = this.next();
    return token.kind === "word" || token.kind === "quoted" ? token.text : this.fail(token);
  }

  expectString(): string {
    const token = this.next();
    return token.kind === "string" ? token.text : this.fail(token);
  }

  /** Reads `item (, item)*`. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.acceptSymbol(",")) items.push(item());
    return items;
  }

  /** At the end of the text the last token stands for what is wrong, as in Dolt. */
  fail(token: Token = this.peek()): never {
    const last = this.#tokens.at(-2);
    if (token.kind === "end" && last !== undefined) throw syntaxError(this.sql, this.sql.length + 1, last.text);
    throw syntaxError(this.sql, token.at + token.text.length + 1, token.text);
  }
}
