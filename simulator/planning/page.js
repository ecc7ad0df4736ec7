"use strict";
(function () {
  const plan = JSON.parse(document.getElementById("plan").textContent);
  const byId = (id) => document.getElementById(id);
  const PAGE = 200;
  let limit = PAGE;

  function make(name, text, parent) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) { made.textContent = String(text); }
    if (parent) { parent.appendChild(made); }
    return made;
  }

  function option(select, value) { make("option", value, select).value = value; }

  byId("cycle").textContent = plan.cycle.why;
  for (const [what, types] of Object.entries(plan.totals)) {
    const tile = make("button", undefined, byId("totals"));
    tile.type = "button";
    make("b", Object.values(types).reduce((a, b) => a + b, 0).toLocaleString("en"), tile);
    make("span", what, tile);
    tile.addEventListener("click", () => { byId("what").value = what; limit = PAGE; show(); });
    option(byId("what"), what);
  }
  const guard = plan.accidentalDeletionPrevention;
  const facts = byId("facts");
  make("li", `${guard.removals} removals: accidental-deletion prevention with a threshold of ${guard.threshold} ` +
    (guard.trips ? "would hold them all" : "lets them pass") + (guard.isOn ? "" : " (it is off in this plan)"), facts);
  if (plan.estimatedMinutes.length) {
    make("li", `Initial cycle over ${plan.inScope} objects: about ${plan.estimatedMinutes[0]} to ${plan.estimatedMinutes[1]} minutes in the real service (ENG-470)`, facts);
  }
  make("li", "Requests: " + Object.entries(plan.requests).map(([m, n]) => `${n} ${m}`).join(", "), facts);
  for (const note of plan.notes) { make("li", note, facts); }
  for (const finding of plan.findings) {
    byId("s-findings").hidden = false;
    make("li", `${finding.id}, ${finding.place}: ${finding.text} ${finding.remedy}`, byId("findings"));
  }
  for (const stray of plan.strays.slice(0, 1000)) {
    byId("s-strays").hidden = false;
    make("li", `${stray.objectType} ${stray.name}${stray.isActive ? "" : " (disabled)"}`, byId("strays"));
  }
  if (plan.strays.length > 1000) { make("li", `and ${plan.strays.length - 1000} more`, byId("strays")); }
  const names = new Set();
  for (const item of plan.objects) { for (const change of item.changes || []) { names.add(change.attribute); } }
  for (const name of Array.from(names).sort()) { option(byId("attribute"), name); }

  function matches(item) {
    const text = byId("search").value.trim().toLowerCase();
    const what = byId("what").value, type = byId("type").value, attribute = byId("attribute").value;
    if (what && item.what !== what) { return false; }
    if (type && item.objectType !== type) { return false; }
    if (byId("wrong").checked && !item.staysWrong) { return false; }
    if (attribute && !(item.changes || []).some((change) => change.attribute === attribute)) { return false; }
    return !text || JSON.stringify(item).toLowerCase().includes(text);
  }

  function row(item) {
    const line = make("tr");
    const who = make("td", item.identity, line);
    if (item.objectType === "Group") { make("div", "group", who).className = "source"; }
    make("td", item.what, line);
    const changes = make("ul", undefined, make("td", undefined, line));
    for (const change of item.changes || []) {
      const one = make("li", change.attribute + ": ", changes);
      if (change.old !== null) { make("del", change.old, one); one.append(" → "); }
      make("ins", change.new === null ? "(removed)" : change.new, one);
      if (change.source) { make("div", change.source, one).className = "source"; }
    }
    const why = make("td", undefined, line);
    if (item.match) { make("div", "matched by " + item.match, why); }
    if (item.reason) { make("div", item.reason, why); }
    if (item.clause) { make("div", `clause ${item.clause}, value ${item.value === undefined ? "(empty)" : item.value}`, why); }
    if (item.column) { make("div", "column " + item.column, why); }
    for (const wrong of item.staysWrong || []) { make("div", `${wrong.rule}: ${wrong.text}`, why).className = "wrong"; }
    return line;
  }

  function show() {
    const found = plan.objects.filter(matches);
    byId("rows").replaceChildren(...found.slice(0, limit).map(row));
    byId("shown").textContent = `${found.length.toLocaleString("en")} of ${plan.objects.length.toLocaleString("en")}`;
    byId("more").hidden = found.length <= limit;
  }

  let waiting = 0;
  function later() { clearTimeout(waiting); waiting = setTimeout(() => { limit = PAGE; show(); }, 120); }
  for (const id of ["search", "what", "type", "attribute", "wrong"]) { byId(id).addEventListener("input", later); }
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => { limit += PAGE; show(); });
  show();
})();
