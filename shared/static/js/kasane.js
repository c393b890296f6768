/* The one script that every page loads. Each module does one thing and finds its own elements; all of them also
   look at what htmx puts in later. Pages work without any of them, except drafts and names from other services. */
import { watchDrafts } from "./drafts.js";
import { watchForms } from "./forms.js";
import { fillLabels } from "./labels.js";
import { watchForNumbers } from "./my_number.js";
import { watchOutbox } from "./outbox.js";
import { keepCounts } from "./counts.js";
import { keepSession } from "./session.js";
import { watchSights } from "./sights.js";
import { listenForShortcuts } from "./shortcuts.js";
import { tickClocks } from "./clock.js";
import { showConnection } from "./connection.js";

const whenAdded = (work) => {
  work(document);
  document.addEventListener("htmx:after:swap", () => work(document));
};

showConnection();
watchForNumbers();
whenAdded(fillLabels);
whenAdded(watchForms);
whenAdded(watchDrafts);
whenAdded(tickClocks);
whenAdded(watchOutbox);
if ("signedIn" in document.body.dataset) {
  keepSession();
  keepCounts();
  watchSights();
  listenForShortcuts();
}
