import { stringify } from "yaml";
import { type Engine, engineSchema, slashCommands } from "../../domain/target.ts";
import { botScopes } from "./scopes.ts";

/** How Slack reaches the edge: by HTTP at this address, or by a connection that the edge opens. */
export type Delivery = { readonly kind: "http"; readonly url: string } | { readonly kind: "socket" };

const descriptions: Readonly<Record<Engine, { readonly description: string; readonly hint: string }>> = {
  dolt: {
    description: "Hand a Dolt primary over, restart, scale, or ask for the status",
    hint: "failover TARGET | status TARGET | help",
  },
  cratedb: {
    description: "Scale, restart, suspend or resume a CrateDB cluster",
    hint: "scale TARGET data=5 | status TARGET | help",
  },
  kubernetes: {
    description: "Restart or scale a workload, freeze, history",
    hint: "restart TARGET | freeze TARGET for 2h | history | help",
  },
};

/** The app's manifest (https://docs.slack.dev/reference/app-manifest), as YAML, each scope with its reason. */
export function slackManifest(delivery: Delivery, { grid }: { readonly grid: boolean }): string {
  const url = delivery.kind === "http" ? { url: delivery.url } : {};
  const requestUrl = delivery.kind === "http" ? { request_url: delivery.url } : {};
  const manifest = {
    display_information: {
      name: "Handover",
      description: "Hands a database's primary role over, with approval, without losing a write",
    },
    features: {
      bot_user: { display_name: "Handover", always_online: true },
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: true },
      slash_commands: engineSchema.options.map((engine) => ({
        command: slashCommands[engine],
        description: descriptions[engine].description,
        usage_hint: descriptions[engine].hint,
        ...url,
        should_escape: false,
      })),
    },
    oauth_config: { scopes: { bot: botScopes.map(({ scope }) => scope) } },
    settings: {
      event_subscriptions: { ...requestUrl, bot_events: ["app_home_opened"] },
      interactivity: { is_enabled: true, ...requestUrl },
      // Without it an app of an organisation installs, and receives nothing.
      org_deploy_enabled: grid,
      socket_mode_enabled: delivery.kind === "socket",
      token_rotation_enabled: false,
    },
  };
  return withReasons(stringify(manifest, { lineWidth: 0 }));
}

function withReasons(yaml: string): string {
  return botScopes.reduce(
    (text, { scope, why }) => text.replace(new RegExp(`^( +)- ${scope}$`, "m"), `$1# For ${why}.\n$1- ${scope}`),
    yaml,
  );
}
