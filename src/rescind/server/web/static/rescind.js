// What a page does by itself: clocks run, the cancel form opens as a dialog, and it is said when
// what is shown may be old. Without this file every page works, and shows the time it was made.
"use strict";

const skew = Date.now() - Number(document.querySelector('meta[name="now"]').content);
const dialog = document.getElementById("dialog");
const freshness = document.getElementById("freshness");
let opener = null;

function coarse(seconds) {
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${seconds} s`;
}

function age(at, now) {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds >= -1 && seconds < 1) return "now";
  return seconds > 0 ? `${coarse(seconds)} ago` : `in ${coarse(-seconds)}`;
}

function left(until, now) {
  const seconds = Math.ceil((until - now) / 1000);
  if (seconds <= 0) return "over";
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)} left`;
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function tick() {
  const now = Date.now() - skew;
  for (const one of document.querySelectorAll("[data-at]")) say(one, age(Number(one.dataset.at), now));
  for (const one of document.querySelectorAll("[data-until]")) say(one, left(Number(one.dataset.until), now));
}

function stale(words) {
  freshness.hidden = !words;
  say(freshness, words);
}

// What somebody has unfolded stays so while the page renews itself.
let unfolded = [];

function fold() {
  unfolded = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
}

function unfold() {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
}

document.addEventListener("click", async (click) => {
  const close = click.target.closest("[data-close]");
  if (close && dialog.open) {
    click.preventDefault();
    dialog.close();
    return;
  }
  const link = click.target.closest("[data-dialog]");
  if (!link || click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
  click.preventDefault();
  opener = link.id;
  const answer = await fetch(link.href).catch(() => null);
  const made = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = made && made.getElementById("ask");
  // What cannot be shown as a dialog is shown as a page, with the reason.
  if (!form) return window.location.assign(link.href);
  document.getElementById("dialog-body").replaceChildren(document.adoptNode(form));
  if (!dialog.open) dialog.showModal();
});

// The button may have been drawn anew meanwhile.
dialog.addEventListener("close", () => document.getElementById(opener)?.focus());

document.addEventListener("htmx:sseOpen", () => stale(""));
document.addEventListener("htmx:sseError", () => stale("Not connected: this may be old"));
document.addEventListener("htmx:responseError", () => stale("Cannot be renewed: this may be old"));
document.addEventListener("htmx:afterSwap", () => { stale(""); unfold(); tick(); });
document.addEventListener("htmx:beforeSwap", fold);

// How old the state is that an answer shows, where that is more than a moment.
document.addEventListener("htmx:afterRequest", (done) => {
  const seconds = done.detail.xhr?.getResponseHeader("Rescind-Behind-Seconds");
  const behind = document.getElementById("behind");
  behind.hidden = !seconds;
  say(behind, seconds ? `Shows the state of ${seconds} s ago` : "");
});
setInterval(tick, 1000);
tick();
