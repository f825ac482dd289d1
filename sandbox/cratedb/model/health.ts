import { isActive, type TablePart } from "./types.ts";

export interface PartHealth {
  readonly health: "GREEN" | "YELLOW" | "RED";
  readonly severity: 1 | 2 | 3;
  readonly missing: number;
  readonly underreplicated: number;
}

/** RED: a primary is not there; YELLOW: a replica is not (crate docs, admin/system-information.rst). */
export function healthOf({ groups }: TablePart): PartHealth {
  const copies = groups.flatMap((group) => group.copies);
  const missing = copies.filter((copy) => copy.primary && !isActive(copy)).length;
  const underreplicated = copies.filter((copy) => !copy.primary && !isActive(copy)).length;
  if (missing > 0) return { health: "RED", severity: 3, missing, underreplicated };
  if (underreplicated > 0) return { health: "YELLOW", severity: 2, missing, underreplicated };
  return { health: "GREEN", severity: 1, missing, underreplicated };
}
