/** Things that are done once, whichever process does them. Throws HandoverError `redis_away`. */
export interface Once {
  /** Takes it in hand for so long; false: it was done, or somebody else has it in hand. */
  begin(what: string, holdMs: number): Promise<boolean>;
  /** It is done, and stays so for as long as anybody could come back to it. */
  done(what: string): Promise<void>;
}
