import { AppsV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type KubernetesApi as EmbeddedApi, startKubernetesApi } from "../../../sandbox/kubernetes/api.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { KubernetesApi } from "../../../src/adapters/kubernetes/api.ts";
import { PooledKubeConfig } from "../../../src/adapters/kubernetes/pooled-kube-config.ts";
import { watchTargets } from "../../../src/adapters/kubernetes/target-watch.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { until } from "../../support/until.ts";

const namespace = "default";
/** Tries again at once. */
const impatient: Clock = { ...systemClock, sleep: async () => {} };

describe("discovery of targets while the API fails", () => {
  let embedded: EmbeddedApi;
  let apps: AppsV1Api;

  beforeEach(async () => {
    embedded = await startKubernetesApi({ controllers: false });
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(embedded.kubeconfig());
    apps = kubeConfig.makeApiClient(AppsV1Api);
    await announce("orders");
  });

  afterEach(() => embedded.close());

  test("finds what came while its watches were cut", async () => {
    const { untilSeen } = await watching();
    embedded.faults.dropWatches();
    await announce("billing");
    await untilSeen("billing,ledger,orders");
    embedded.faults.dropWatches();
    await apps.deleteNamespacedStatefulSet({ namespace, name: "orders" });
    await untilSeen("billing,ledger");
  });

  test("lists anew when the history is gone before its watch begins", async () => {
    const { errors } = await watching({ whenListed: () => embedded.faults.expireHistory() });
    expect(errors).toEqual([]);
  });

  test("keeps its list while nothing is answered, says so, and goes on afterwards", async () => {
    const { untilSeen, errors, seen } = await watching({ callDeadlineMs: 200 });
    embedded.faults.pause();
    embedded.faults.dropWatches();
    await until("a list has met its deadline", async () => told(errors, /no answer within/) > 0);
    expect(seen()).toBe("ledger,orders");
    embedded.faults.resume();
    await announce("billing");
    await untilSeen("billing,ledger,orders");
  });

  test("goes on after lists that were refused", async () => {
    const { untilSeen, errors } = await watching();
    embedded.faults.failNext({ method: "GET", path: /statefulsets$/ }, 500, 3);
    embedded.faults.dropWatches();
    await announce("billing");
    await untilSeen("billing,ledger,orders");
    expect(told(errors, /refused on order of the test/)).toBe(3);
  });

  /** Watches until the end of the test; resolves once a watch is open. */
  async function watching(options: { callDeadlineMs?: number; whenListed?: () => void } = {}) {
    const { whenListed, ...apiOptions } = options;
    const kubeConfig = new PooledKubeConfig();
    kubeConfig.loadFromString(embedded.kubeconfig());
    const api = new KubernetesApi(kubeConfig, apiOptions);
    const stop = new AbortController();
    const lists: string[] = [];
    const errors: unknown[] = [];
    const ended = watchTargets(
      api,
      {
        cluster: "prod",
        namespaces: [namespace],
        clock: impatient,
        onChange: (targets) => {
          const names = targets.map(({ name }) => name).sort();
          if (lists.push(names.join(",")) === 1) whenListed?.();
        },
        onError: (_, error) => errors.push(error),
        onForbidden: (_, kind) => errors.push(new Error(`may not list ${kind}s`)),
      },
      stop.signal,
    );
    onTestFinished(async () => {
      stop.abort();
      await ended;
      await api.close();
    });
    const seen = () => lists.at(-1);
    const untilSeen = (names: string) => until(`the targets are ${names}`, async () => seen() === names);
    await untilSeen("orders");
    // What comes after the first list is seen only by a watch that is open.
    await announce("ledger");
    await untilSeen("ledger,orders");
    return { seen, untilSeen, errors };
  }

  async function announce(name: string): Promise<void> {
    const labels = { app: name };
    await apps.createNamespacedStatefulSet({
      namespace,
      body: {
        metadata: { name, annotations: { "handover.dev/engine": "dolt", "handover.dev/name": name } },
        spec: {
          serviceName: name,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: "dolt", image: "example.test/dolt:1" }] },
          },
        },
      },
    });
  }
});

const told = (errors: readonly unknown[], what: RegExp) => errors.filter((error) => what.test(String(error))).length;
