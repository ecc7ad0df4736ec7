// Comfort only: every page works without this file. Copy buttons, focus of drawers and back to their opener,
// the outline that a guide asks for, and the notifications' read mark.
(function () {
  "use strict";

  function copy(button) {
    const text = button.dataset.copy;
    const told = button.querySelector("[data-told]");
    navigator.clipboard.writeText(text).then(function () {
      if (told) { told.textContent = "Copied"; }
    }, function () {
      if (told) { told.textContent = "Select the text and copy it"; }
    });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (button) { copy(button); }
    const opener = event.target.closest("a[id]");
    if (opener) { sessionStorage.setItem("opener", opener.id); }
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    const close = document.querySelector(".drawer .close");
    if (close) { close.click(); }
  });

  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.getAttribute("method") === "post") {
      form.dataset.sent = "yes";
      setTimeout(function () { delete form.dataset.sent; }, 3000);
    }
  });

  document.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.addEventListener("click", function () { window.print(); });
  });

  const problem = document.querySelector("[aria-invalid=true]");
  const drawer = document.querySelector(".drawer h1");
  if (problem) {
    problem.focus();
  } else if (drawer) {
    drawer.focus();
  } else {
    const opener = sessionStorage.getItem("opener");
    const found = opener && document.getElementById(opener);
    if (found && document.activeElement === document.body && !location.hash) { found.focus({ preventScroll: true }); }
    sessionStorage.removeItem("opener");
  }

  const guide = new URLSearchParams(location.search).get("guide");
  const guided = guide && document.querySelector('[data-guide~="' + CSS.escape(guide) + '"]');
  if (guided) {
    const section = guided.closest("details");
    if (section) { section.open = true; }
    guided.classList.add("guided");
    guided.scrollIntoView({ block: "center" });
  }
})();
