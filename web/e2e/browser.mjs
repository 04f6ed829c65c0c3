// Starts Chromium so that it works as root and without a network.
import { chromium } from 'playwright-core';

export function launch(more = {}) {
  return chromium.launch({
    ...more,
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
