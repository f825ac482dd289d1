import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Port of the Slack page. */
  readonly slackPort: number;
  /** Port of the edge, to which Slack delivers commands and clicks. */
  readonly edgePort: number;
  /** Whether faults are taken from standard input. Only then is it read: a job in a shell's background that reads its terminal is stopped. */
  readonly faults: boolean;
  /** Path of a `dolt` that the pods really run; null: they are simulated. */
  readonly dolt: string | null;
  /** A Redis to use instead of one of the demo's own. */
  readonly redisUrl: string | null;
}

/** How the ports can be set, for the usage and for errors about ports. */
export const portSettings = {
  slack: { flag: "--slack-port", variable: "HANDOVER_SLACK_PORT", standard: 3001 },
  edge: { flag: "--edge-port", variable: "HANDOVER_EDGE_PORT", standard: 3000 },
} as const;
export type PortSetting = (typeof portSettings)[keyof typeof portSettings];

export const usage = `npm run demo -- [--slack-port N] [--edge-port N] [--dolt PATH] [--faults]

  --slack-port N   port of the Slack page          (or HANDOVER_SLACK_PORT; default 3001; 0: any free one)
  --edge-port N    port of Handover's HTTP edge    (or HANDOVER_EDGE_PORT;  default 3000; 0: any free one)
  --dolt PATH      a dolt program that the servers really run (or HANDOVER_DOLT; default: they are simulated; Linux only)
  --faults         break servers while it runs, by lines such as “kill orders-1”; lists them all
  --help           this text

REDIS_URL names a Redis to use; without it the demo starts one of its own.`;

/** `"help"`: only the usage is asked for. @throws {Error} saying which flag or variable is wrong */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "slack-port": { type: "string" },
      "edge-port": { type: "string" },
      dolt: { type: "string" },
      faults: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  return {
    slackPort: readPort(portSettings.slack, values["slack-port"], environment),
    edgePort: readPort(portSettings.edge, values["edge-port"], environment),
    faults: values.faults,
    dolt: values.dolt ?? (environment.HANDOVER_DOLT || null),
    redisUrl: environment.REDIS_URL || null,
  };
}

function readPort(setting: PortSetting, given: string | undefined, environment: NodeJS.ProcessEnv): number {
  const [name, text] =
    given === undefined
      ? [setting.variable, environment[setting.variable] || `${setting.standard}`]
      : [setting.flag, given];
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new Error(`${name} is “${text}”, which is no port: a number from 0 to 65535 is.`);
  return port;
}
