// What the browser tests share: Debian's Chromium, a login at a demonstration provider, and axe-core's opinion of a page.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const URL_OF_PORTAL = process.env.URL_OF_PORTAL;
const PASSWORD = readFileSync(process.env.PASSWORD_FILE, 'utf8').trim();

// Chromium's own sandbox does not work for root; the pages are ours.
export function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
}

// Types number and password into a provider's form as a person does who has no mouse.
export async function typeLogin(page, number) {
    await page.locator('#number').focus();
    await page.keyboard.type(number);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${URL_OF_PORTAL}/`);
    await page.locator('#person').waitFor();
}

// A browser of its own, in which this person is logged in and at the start page.
export async function loggedIn(browser, number, { provider = 'openid', agent } = {}) {
    const context = await browser.newContext({ locale: 'vi-VN', userAgent: agent });
    const page = await context.newPage();
    await page.goto(`${URL_OF_PORTAL}/login/${provider}`);
    await typeLogin(page, number);
    return { context, page };
}

// WCAG 2.1 A and AA as axe-core sees them, in light and in dark, and nothing to be scrolled sideways at the width of a
// phone. Evaluated by the debugger, because the pages' policy lets no script in.
export async function looksWell(page) {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(AXE);
        const found = await page.evaluate(() => globalThis.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
        }));
        const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`);
        assert.deepEqual(told, [], `${page.url()} in ${colorScheme}`);
        assert.ok(found.passes.length > 10, 'axe has looked at the page');
    }
    await page.setViewportSize({ width: 320, height: 640 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 320, `${page.url()} is ${wide} pixels wide on a phone`);
    await page.setViewportSize({ width: 1280, height: 720 });
}

// Everything that the Tab key reaches, from the top of the page, as text; each must show that it has the focus.
export async function reached(page) {
    const seen = [];
    await page.evaluate(() => { document.activeElement?.blur(); window.getSelection().removeAllRanges(); });
    await page.locator('body').press('Home');
    for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
            const element = document.activeElement;
            if (!element || element === document.body) return null;
            const style = getComputedStyle(element);
            return { text: element.textContent.trim(), outline: style.outlineStyle !== 'none' && style.outlineWidth !== '0px' };
        });
        if (!at || (seen.length && at.text === seen[0])) break;
        assert.ok(at.outline, `the focus on "${at.text}" cannot be seen`);
        seen.push(at.text);
    }
    return seen;
}

// Vietnamese first: the language of the page, and English marked as such wherever it stands.
export async function vietnameseFirst(page) {
    assert.equal(await page.locator('html').getAttribute('lang'), 'vi');
    const bare = await page.evaluate(() => {
        const english = /\b(the|log|you|your|with|where|device|choose|again)\b/i;
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        while (walker.nextNode()) {
            const node = walker.currentNode;
            if (english.test(node.data) && !node.parentElement.closest('[lang="en"], script, noscript, code')) found.push(node.data);
        }
        return found;
    });
    assert.deepEqual(bare, [], 'English that is not marked as English');
    const heading = await page.locator('h1').first().evaluate((h) => h.firstChild.data ?? '');
    assert.match(heading, /[À-ỹ]/, 'the heading begins in Vietnamese');
}
