/**
 * Starts the console: makes what the pages share and draws them. It is the one place that knows the browser's clock.
 */
import { render } from "preact";
import { Console } from "./app.tsx";
import { createApp } from "./state/app.ts";

const place = document.getElementById("app");
const app = createApp(() => Date.now());

// Links from elsewhere name the page as a path; here it stands behind `#`, which is never sent to anybody.
if (location.pathname !== "/" && location.hash === "") history.replaceState(null, "", `/#${location.pathname}`);

if (place !== null) {
  render(<Console app={app} />, place);
  void lookUntilAnswered();
}

/** A gateway that is just starting does not answer yet. */
async function lookUntilAnswered(): Promise<void> {
  for (;;) {
    try {
      await app.look();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
