// Reviewing by keyboard: a, r and n decide, j and k go on and back. Letters do nothing while one types or a dialog is open.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, dialog, [contenteditable]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const target = document.querySelector(`.review-actions [data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  target.click();
}, { capture: true });

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// A decision is sent once, however often its key is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".review-actions form");
  if (!form) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
