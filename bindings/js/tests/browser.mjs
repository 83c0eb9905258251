/** A browser without a screen, by WebDriver: https://www.w3.org/TR/webdriver2/. It takes Debian's chromium and chromium-driver. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [CHROMIUM, DRIVER] = ["/usr/bin/chromium", "/usr/bin/chromedriver"];

/** The name under which WebDriver tells of an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Longer than anything here takes. */
const PATIENCE = 60_000;

export const isThere = existsSync(CHROMIUM) && existsSync(DRIVER);

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,800",
];

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What is waited for cannot come. */
export class Hopeless extends Error {}

export async function until(what, check) {
  const end = Date.now() + PATIENCE;
  let last;
  while (Date.now() < end) {
    try {
      const found = await check();
      if (found) {
        return found;
      }
      last = found;
    } catch (error) {
      if (error instanceof Hopeless) {
        throw error;
      }
      last = error;
    }
    await sleep(100);
  }
  return assert.fail(`not in time: ${what} (${last})`);
}

export class Browser {
  static async start() {
    const browser = new Browser();
    const port = await freePort();
    browser.folder = mkdtempSync(join(tmpdir(), "browser-"));
    browser.driver = spawn(DRIVER, [`--port=${port}`], { stdio: "ignore" });
    browser.at = `http://127.0.0.1:${port}`;
    await until("the driver is ready", async () => (await browser.ask("GET", "/status")).ready);
    const chrome = { binary: CHROMIUM, args: [...FLAGS, `--user-data-dir=${browser.folder}`] };
    const always = { "goog:chromeOptions": chrome, "goog:loggingPrefs": { browser: "ALL" }, unhandledPromptBehavior: "accept" };
    const { sessionId } = await browser.ask("POST", "/session", { capabilities: { alwaysMatch: always } });
    browser.at += `/session/${sessionId}`;
    return browser;
  }

  async ask(method, path, body) {
    const sent = method === "POST" ? { body: JSON.stringify(body ?? {}) } : {};
    const answer = await fetch(this.at + path, { method, ...sent });
    const { value } = await answer.json();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    }
    return value;
  }

  async stop() {
    await this.ask("DELETE", "").catch(() => {});
    this.driver.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A tab, from which on this one is the one that is seen. */
  async tab(address) {
    const { handle } = await this.ask("POST", "/window/new", { type: "tab" });
    const tab = new Tab(this, handle);
    await tab.ask("POST", "/url", { url: address });
    return tab;
  }

  /** What the tab that is seen has complained of. */
  complaints() {
    return this.ask("POST", "/se/log", { type: "browser" });
  }
}

class Tab {
  constructor(browser, handle) {
    Object.assign(this, { browser, handle });
  }

  async ask(method, path, body) {
    await this.show();
    return this.browser.ask(method, path, body);
  }

  /** Has it be the one that is seen. */
  async show() {
    await this.browser.ask("POST", "/window", { handle: this.handle });
  }

  /** Gives it a screen of another size. */
  async resize(width, height) {
    const params = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.ask("POST", "/goog/cdp/execute", { cmd: "Emulation.setDeviceMetricsOverride", params });
  }

  async element(css) {
    const found = await this.ask("POST", "/element", { using: "css selector", value: css });
    return `/element/${found[ELEMENT]}`;
  }

  async click(css) {
    await this.ask("POST", `${await this.element(css)}/click`);
  }

  async type(css, text) {
    await this.ask("POST", `${await this.element(css)}/value`, { text });
  }

  async text(css) {
    return this.ask("GET", `${await this.element(css)}/text`);
  }

  /** Presses keys, wherever the focus is. */
  async press(...keys) {
    const actions = keys.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.ask("POST", "/actions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  run(script, ...args) {
    return this.ask("POST", "/execute/sync", { script, args });
  }

  runAsync(script, ...args) {
    return this.ask("POST", "/execute/async", { script, args });
  }

  /** A picture of it, for a person. */
  async picture(file) {
    await writeFile(file, Buffer.from(await this.ask("GET", "/screenshot"), "base64"));
  }
}
