"use strict";
// Everything that comes from data goes into the page as text nodes: nothing here makes HTML of it.
(() => {
  const $ = id => document.getElementById(id);
  const plan = JSON.parse($("plan").textContent);
  const kinds = ["created", "changed", "deleted", "touched"], page = 100, manyValues = 40;
  const filter = { q: $("q"), zone: $("zone"), kind: $("kind"), type: $("type"), cause: $("cause"), stopped: $("stopped") };
  let hits = [], from = 0;

  const el = (tag, cls, ...inner) => {
    const e = document.createElement(tag);
    if (cls) e.className = cls;
    e.append(...inner);
    return e;
  };
  const n = x => x.toLocaleString("en");
  const options = (select, list) => list.forEach((text, i) => {
    const o = el("option", "", text);
    o.value = text;
    select.append(o);
  });
  options(filter.zone, plan.zones);
  options(filter.kind, kinds);
  options(filter.type, plan.types.slice().sort());
  options(filter.cause, plan.claimants.slice().sort());

  // What a search looks at is made when it is first wanted: a hundred thousand texts take a moment.
  const texts = new Array(plan.changes.length);
  const text = i => texts[i] ??= (plan.changes[i].n + " " + plan.changes[i].s.map(s =>
    [plan.types[s.t], ...(s.b ? s.b.v : []), ...(s.a ? s.a.v : []),
      ...[s.c, s.w, s.h, s.u].flatMap(list => (list ?? []).map(c => plan.causes[c].t))].join(" ")).join(" ")).toLowerCase();

  const causedBy = (change, who) => change.s.some(s => [s.c, s.w, s.h, s.u].some(list => (list ?? []).some(c => plan.claimants[plan.causes[c].c] === who)));

  function search() {
    const words = filter.q.value.toLowerCase().split(/\s+/).filter(w => w);
    const zone = filter.zone.value === "" ? -1 : plan.zones.indexOf(filter.zone.value);
    const kind = filter.kind.value === "" ? -1 : kinds.indexOf(filter.kind.value);
    const type = filter.type.value === "" ? -1 : plan.types.indexOf(filter.type.value);
    const who = filter.cause.value, stopped = filter.stopped.checked;
    hits = [];
    plan.changes.forEach((c, i) => {
      if (zone >= 0 && c.z !== zone || kind >= 0 && c.k !== kind || stopped && !c.x) return;
      if (type >= 0 && !c.s.some(s => s.t === type) || who !== "" && !causedBy(c, who)) return;
      if (words.every(w => text(i).includes(w))) hits.push(i);
    });
    show(0);
    remember();
  }

  function values(list, sign, cls) {
    const shown = list.slice(0, manyValues).map(v => el("div", "mono " + cls, sign + " " + v));
    if (list.length > manyValues) {
      const more = el("button", "zone", `${n(list.length - manyValues)} more`);
      more.type = "button";
      more.addEventListener("click", () => more.replaceWith(...list.slice(manyValues).map(v => el("div", "mono " + cls, sign + " " + v))));
      shown.push(more);
    }
    return shown;
  }

  function claims(label, list) {
    if (!list) return [];
    const some = list.slice(0, manyValues).map(c => plan.causes[c].t + (plan.causes[c].y ? ": " + plan.causes[c].y : ""));
    if (list.length > manyValues) some.push(`${n(list.length - manyValues)} more`);
    return [el("div", "claim", label + " " + some.join("; "))];
  }

  function set(s) {
    const head = el("div", "", el("strong", "mono", plan.types[s.t]));
    const box = el("div", "values");
    const b = s.b ?? { v: [] }, a = s.a ?? { v: [] };
    const was = new Set(b.v), is = new Set(a.v);
    const order = x => x.r ? ", " + x.r : "";
    if (s.b && s.a && (b.l !== a.l || order(b) !== order(a))) head.append(` TTL ${b.l}${order(b)} → ${a.l}${order(a)}`);
    else if (s.b || s.a) head.append(` TTL ${(s.a ?? s.b).l}${order(s.a ?? s.b)}`);
    box.append(...values(b.v.filter(v => !is.has(v)), "-", "gone"), ...values(a.v.filter(v => !was.has(v)), "+", "come"),
      ...values(a.v.filter(v => was.has(v)), " ", "kept"));
    return el("div", "set", head, box, ...claims("by", s.c), ...claims("was", s.w), ...claims("shadows", s.h), ...claims("brings back", s.u));
  }

  function item(i) {
    const c = plan.changes[i];
    const head = el("div", "name", el("strong", "mono", c.n), el("span", "kind " + kinds[c.k], kinds[c.k]), el("span", "soft mono", plan.zones[c.z]));
    if (c.x) head.append(el("span", "kind stop", "would be stopped"));
    return el("li", "", head, ...c.s.map(set));
  }

  function show(start) {
    from = start;
    const to = Math.min(from + page, hits.length);
    $("list").replaceChildren(...hits.slice(from, to).map(item));
    const all = plan.changes.length;
    $("count").textContent = hits.length === 0 ? `None of ${n(all)} names match.` :
      `${n(from + 1)} to ${n(to)} of ${n(hits.length)} names` + (hits.length < all ? `, ${n(all)} in all.` : ".");
    $("before").disabled = from === 0;
    $("after").disabled = to === hits.length;
  }

  // The filters stand in the address, so that a view can be passed on.
  function remember() {
    const state = new URLSearchParams();
    for (const [key, input] of Object.entries(filter)) {
      const value = input.type === "checkbox" ? (input.checked ? "1" : "") : input.value;
      if (value) state.set(key, value);
    }
    try { history.replaceState(null, "", "#" + state); } catch { /* a page without an address of its own */ }
  }
  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const [key, input] of Object.entries(filter)) {
      if (input.type === "checkbox") input.checked = state.has(key);
      else input.value = state.get(key) ?? "";
      if (input.selectedIndex === -1) input.value = "";
    }
    search();
  }

  let waiting = 0;
  filter.q.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  for (const key of ["zone", "kind", "type", "cause", "stopped"]) filter[key].addEventListener("change", search);
  $("filters").addEventListener("submit", e => { e.preventDefault(); search(); });
  $("reset").addEventListener("click", () => { $("filters").reset(); search(); filter.q.focus(); });
  const turn = by => { show(from + by); $("changes").scrollIntoView(); $("changes").focus({ preventScroll: true }); };
  $("before").addEventListener("click", () => turn(-page));
  $("after").addEventListener("click", () => turn(page));
  document.querySelectorAll("button[data-zone]").forEach(b => b.addEventListener("click", () => {
    filter.zone.value = b.dataset.zone;
    search();
    $("filters").scrollIntoView();
  }));
  document.addEventListener("keydown", e => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (e.key === "/" && !typing) { e.preventDefault(); filter.q.focus(); }
    if (e.key === "Escape" && document.activeElement === filter.q) { filter.q.value = ""; search(); }
    if (typing || e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.key === "n" && !$("after").disabled) turn(page);
    if (e.key === "p" && !$("before").disabled) turn(-page);
  });
  addEventListener("hashchange", recall);
  recall();
})();
