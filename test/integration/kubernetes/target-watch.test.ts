import type { ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../../src/adapters/clock.ts";
import { watchTargets } from "../../../src/adapters/kubernetes/target-watch.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import {
  announcing,
  answer,
  type Script,
  type ScriptedApi,
  startScriptedApi,
  statefulSetList,
} from "./scripted-api.ts";

/** A scripted API whose lists and watches of StatefulSets a test holds in its hands. `others`: the lists of the other kinds. */
async function watching(list: Script, others: Script = nothing) {
  const watches: ServerResponse[] = [];
  const scripted = await startScriptedApi((request, response) => {
    const isWatch = request.url.searchParams.get("watch") === "true";
    if (!request.url.pathname.endsWith("/statefulsets")) {
      if (!isWatch) return others(request, response);
      // Held open, as that of a kind of which there is none.
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      return;
    }
    if (!isWatch) return list(request, response);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    watches.push(response);
  });
  const seen: string[][] = [];
  const errors: unknown[] = [];
  const forbidden: string[] = [];
  const waits: number[] = [];
  const clock: Clock = { ...systemClock, sleep: async (durationMs) => void waits.push(durationMs) };
  const stop = new AbortController();
  const ended = watchTargets(
    scripted.api,
    {
      cluster: "prod",
      namespaces: ["shop"],
      clock,
      onChange: (targets) => seen.push(targets.map((target) => target.name)),
      onError: (_, error) => errors.push(error),
      onForbidden: (namespace, kind) => forbidden.push(`${namespace}/${kind}`),
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  const nthWatch = async (count: number) => {
    await vi.waitFor(() => expect(watches).toHaveLength(count), { timeout: 10_000 });
    const watch = watches[count - 1];
    if (watch === undefined) throw new Error("there is no such watch");
    return watch;
  };
  return { scripted, seen, errors, forbidden, waits, nthWatch };
}

function event(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

const ofStatefulSets = ({ requests }: ScriptedApi) =>
  requests.filter(({ url }) => url.pathname.endsWith("/statefulsets"));
const lists = (scripted: ScriptedApi) =>
  ofStatefulSets(scripted).filter(({ url }) => url.searchParams.get("watch") !== "true");
const nothing: Script = (_, response) => answer(response, 200, statefulSetList([], { resourceVersion: "5" }));
const nextSeen = async (seen: readonly string[][], count: number) => {
  await vi.waitFor(() => expect(seen).toHaveLength(count), { timeout: 10_000 });
  return seen.at(-1);
};

describe("discovery of targets", () => {
  it("follows what is added, changed and deleted, and tells only news", async () => {
    const { seen, nthWatch, scripted } = await watching((_, response) =>
      answer(response, 200, statefulSetList(["orders"], { resourceVersion: "5" })),
    );
    expect(await nextSeen(seen, 1)).toEqual(["orders"]);
    const watch = await nthWatch(1);
    expect(ofStatefulSets(scripted).at(-1)?.url.searchParams.get("resourceVersion")).toBe("5");

    watch.write(event("MODIFIED", announcing("orders")));
    watch.write(event("BOOKMARK", { metadata: { resourceVersion: "6" } }));
    watch.write(event("ADDED", announcing("billing")));
    expect(await nextSeen(seen, 2)).toEqual(["orders", "billing"]);
    watch.write(event("DELETED", announcing("orders")));
    expect(await nextSeen(seen, 3)).toEqual(["billing"]);
  });

  it("leaves a target out whose annotation is taken away", async () => {
    const { seen, nthWatch } = await watching((_, response) =>
      answer(response, 200, statefulSetList(["orders"], { resourceVersion: "5" })),
    );
    const watch = await nthWatch(1);

    watch.write(event("MODIFIED", { metadata: { name: "orders", namespace: "shop" } }));

    expect(await nextSeen(seen, 2)).toEqual([]);
  });

  it("lists anew when a watch ends, when it is told 410 Gone, and when it breaks", async () => {
    let known = ["one"];
    const { seen, nthWatch, scripted, errors } = await watching((_, response) =>
      answer(response, 200, statefulSetList(known, { resourceVersion: "5" })),
    );

    const first = await nthWatch(1);
    known = ["two"];
    first.end();
    expect(await nextSeen(seen, 2)).toEqual(["two"]);

    const second = await nthWatch(2);
    known = ["three"];
    second.write(event("ERROR", { kind: "Status", code: 410, reason: "Expired" }));
    expect(await nextSeen(seen, 3)).toEqual(["three"]);
    expect(errors).toEqual([]);

    const third = await nthWatch(3);
    known = ["four"];
    third.destroy();
    expect(await nextSeen(seen, 4)).toEqual(["four"]);
    expect(lists(scripted)).toHaveLength(4);
  });

  it("keeps the last list while the API fails, and waits longer each time", async () => {
    let fails = 0;
    const { seen, nthWatch, errors, waits } = await watching((_, response) => {
      if (fails === 0) return answer(response, 200, statefulSetList(["orders"], { resourceVersion: "5" }));
      fails -= 1;
      answer(response, 503, { kind: "Status", message: "starting" });
    });
    const watch = await nthWatch(1);

    fails = 3;
    watch.end();
    await nthWatch(2);

    expect(errors).toHaveLength(3);
    expect(waits).toEqual([500, 1_000, 2_000]);
    expect(seen).toEqual([["orders"]]);
  });

  it("goes on without a kind that it may not list, and says so once", async () => {
    let asked = 0;
    const { seen, nthWatch, errors, forbidden } = await watching(
      (_, response) => answer(response, 200, statefulSetList(["orders"], { resourceVersion: "5" })),
      (request, response) => {
        if (!request.url.pathname.endsWith("/daemonsets")) return nothing(request, response);
        asked += 1;
        answer(response, 403, { kind: "Status", message: "daemonsets.apps is forbidden" });
      },
    );
    await nthWatch(1);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(3));

    expect(seen).toEqual([["orders"]]);
    expect(forbidden).toEqual(["shop/DaemonSet"]);
    expect(errors).toEqual([]);
  });
});
