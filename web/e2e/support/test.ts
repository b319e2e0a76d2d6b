import { AxeBuilder } from "@axe-core/playwright";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  expect,
  type Page,
  test as base,
} from "@playwright/test";

interface Fixtures {
  /** Opens a browser of its own for somebody. */
  person: (options?: BrowserContextOptions) => Promise<Page>;
}

/** Tests in which each page is watched: what goes against the content policy, or throws, fails the test. */
export const test = base.extend<Fixtures>({
  person: async ({ browser, baseURL }, provide) => {
    const contexts: BrowserContext[] = [];
    const faults: string[] = [];
    await provide(async (options) => {
      const context = await open(browser, { baseURL, ...options });
      contexts.push(context);
      const page = await context.newPage();
      watch(page, faults);
      return page;
    });
    for (const context of contexts) {
      await context.close();
    }
    expect(faults).toEqual([]);
  },
});

function open(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
}

function watch(page: Page, faults: string[]): void {
  page.on("pageerror", (error) => faults.push(`threw: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted ?(Types|HTML|Script)/.test(message.text())) {
      faults.push(message.text());
    }
  });
}

/** Fails on what axe calls serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n  ")}`);
  expect(told).toEqual([]);
}

/** Keeps pictures of a page for people to look at: phone and desktop, light and dark. */
export async function portraits(page: Page, name: string): Promise<void> {
  const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
  const before = page.viewportSize();
  for (const [device, size] of Object.entries(sizes)) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `e2e/screenshots/${name}-${device}-${colorScheme}.png`, animations: "disabled" });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before ?? sizes.desktop);
}

export { expect };
