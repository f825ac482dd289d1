import type { StepProgress } from "../../src/domain/request.ts";
import type { ExecutionAudience } from "../../src/execution/execute.ts";
import type { ExecutionResult } from "../../src/execution/run-steps.ts";
import type { WishNow } from "../../src/execution/safe-point.ts";

/** Hears of an execution, and answers as the test says. */
export class RecordingAudience implements ExecutionAudience {
  onStart: () => Promise<void> = async () => undefined;
  onCommit: () => Promise<void> = async () => undefined;
  /** What people want; null: nobody can be asked. */
  wishNow: WishNow | null = { kind: "go_on" };
  reported = true;
  steps: readonly StepProgress[] = [];
  result: ExecutionResult | null = null;

  started(): Promise<void> {
    return this.onStart();
  }

  progress(steps: readonly StepProgress[]): void {
    this.steps = steps;
  }

  commit(): Promise<void> {
    return this.onCommit();
  }

  async wish(): Promise<WishNow | null> {
    return this.wishNow;
  }

  async ended(result: ExecutionResult): Promise<boolean> {
    this.result = result;
    return this.reported;
  }
}
