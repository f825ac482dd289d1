import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { repositoryRoot } from "../../../bin/support/repository.mjs";
import type { Channel, Person } from "../../../sandbox/slack/people.ts";
import { hideOthersEphemerals } from "./private-messages.ts";

/** How long each act on the page, and each wait, may take. */
const deadlineMs = 20_000;
/** Pictures for the documentation: what fits a README without being scaled down. */
const viewport = { width: 1100, height: 790 };
/** Physical pixels a point, so that letters stay sharp when a page scales a picture. */
const deviceScaleFactor = 1.5;

/** The Slack page in a browser of its own (cookies, storage), as one person sees and uses it. */
export async function openSlackAs(browser: Browser, pageUrl: string, user: Person): Promise<SlackPage> {
  const context = await browser.newContext({ viewport, deviceScaleFactor });
  const page = await context.newPage();
  page.setDefaultTimeout(deadlineMs);
  await hideOthersEphemerals(page, user);
  await page.goto(pageUrl);
  await page.getByLabel("Act as").selectOption(user.id);
  return new SlackPage(page);
}

export class SlackPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async openChannel(channel: Channel): Promise<void> {
    await this.#page.locator(".sidebar-item").filter({ hasText: channel.name }).click();
    await this.#page.locator(".channel-title").filter({ hasText: channel.name }).waitFor();
  }

  /** Types a message or a slash command in the open channel, and presses Enter. */
  async type(text: string): Promise<void> {
    const composer = this.#page.locator(".main .composer-input");
    await composer.fill(text);
    await composer.press("Enter");
  }

  /** Waits for a message in the open channel that holds this text; the newest, where several do. */
  async waitForMessage(text: string | RegExp, timeout = deadlineMs): Promise<void> {
    await this.#message(text).waitFor({ timeout });
  }

  /** How many messages the open channel shows, those for this person alone among them. */
  async messageCount(): Promise<number> {
    return this.#page.locator(".messages .msg").count();
  }

  /** What a message in the open channel says, its buttons included, as the person sees it. */
  async textOfMessage(text: string | RegExp): Promise<string> {
    return this.#message(text).innerText();
  }

  /** Labels of the buttons that a message in the open channel offers. */
  async buttonsOf(text: string | RegExp): Promise<string[]> {
    return this.#message(text).locator(".bk-button").allInnerTexts();
  }

  async clickButton(message: string | RegExp, label: string | RegExp): Promise<void> {
    const button = this.#message(message).getByRole("button", { name: label, exact: true });
    await button.click().catch(async (error: unknown) => {
      const text = await this.textOfMessage(message);
      throw new Error(`There was no button ${label} to click in the message: ${text}`, { cause: error });
    });
  }

  /** Waits until a message in the open channel has replies, and opens its thread beside the channel. */
  async openThread(message: string | RegExp): Promise<void> {
    await this.#message(message).locator(".thread-summary").click();
    await this.#page.locator(".thread-pane").waitFor();
  }

  async closeThread(): Promise<void> {
    await this.#page.locator(".thread-pane").getByRole("button").first().click();
    await this.#page.locator(".thread-pane").waitFor({ state: "detached" });
  }

  /** Waits for a reply in the open thread that holds this text. */
  async waitForReply(text: string | RegExp): Promise<void> {
    await this.#replies().filter({ hasText: text }).last().waitFor();
  }

  /** What the replies in the open thread say, oldest first. */
  async replies(): Promise<string[]> {
    return this.#replies().locator(".msg-text, .blocks").allInnerTexts();
  }

  /** Waits for the modal that is open to show this. */
  async waitForModal(text: string | RegExp): Promise<void> {
    await this.#modal().filter({ hasText: text }).waitFor();
  }

  async textOfModal(): Promise<string> {
    return this.#modal().innerText();
  }

  /** Types into the field of the open modal that is called this. */
  async fillField(label: string | RegExp, text: string): Promise<void> {
    await this.#field(label).locator("input.bk-plain-input").fill(text);
  }

  /** Chooses the first option of a field of the open modal that begins like this. */
  async choose(label: string | RegExp, option: string): Promise<void> {
    const select = this.#field(label).locator("select");
    const shown = await select.locator("option").allInnerTexts();
    const meant = shown.find((one) => one.startsWith(option));
    if (meant === undefined) throw new Error(`There is no option “${option}”; there are: ${shown.join(", ")}.`);
    await select.selectOption({ label: meant });
  }

  /** Presses a button at the foot of the open modal. */
  async pressInModal(label: string): Promise<void> {
    await this.#modal().locator(".modal-foot").getByRole("button", { name: label, exact: true }).click();
  }

  async waitForNoModal(): Promise<void> {
    await this.#modal().waitFor({ state: "detached" });
  }

  /** Opens the app's Home tab, anew each time. */
  async openHome(): Promise<void> {
    await this.#page.locator(".sidebar-item").filter({ hasText: "handover" }).click();
  }

  async waitForHome(text: string | RegExp): Promise<void> {
    await this.#page.locator(".home-inner").filter({ hasText: text }).waitFor();
  }

  async textOfHome(): Promise<string> {
    return this.#page.locator(".home-inner").innerText();
  }

  /**
   * Keeps a picture of the page as docs/images/NAME.png, where HANDOVER_SCREENSHOTS=1 asks for it: the times on the page would
   * otherwise change the pictures with every run of the tests.
   */
  async screenshot(name: string): Promise<void> {
    if (process.env.HANDOVER_SCREENSHOTS !== "1") return;
    const folder = join(repositoryRoot, "docs", "images");
    await mkdir(folder, { recursive: true });
    // What the mouse last clicked would be drawn as hovered over.
    await this.#page.mouse.move(0, 0);
    await this.#page.screenshot({ path: join(folder, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#page.context().close();
  }

  #modal(): Locator {
    return this.#page.locator(".modal");
  }

  #field(label: string | RegExp): Locator {
    return this.#modal()
      .locator(".bk-input")
      .filter({ has: this.#page.locator(".bk-label", { hasText: label }) });
  }

  #message(text: string | RegExp): Locator {
    return this.#page.locator(".messages .msg").filter({ hasText: text }).last();
  }

  /** The pane shows the thread's root above the divider, and the replies below it. */
  #replies(): Locator {
    return this.#page.locator(".thread-body .thread-divider ~ .msg");
  }
}
