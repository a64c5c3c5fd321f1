/* The search of the archive: years of findings come in as scripts, as a page opened from a file can load no JSON. */
(function () {
  "use strict";
  var box = document.querySelector(".find-box"), field = document.getElementById("q");
  if (!box || !field) { return; }
  var count = document.getElementById("q-count"), list = document.getElementById("q-found");
  var wanted = field.dataset.years.split(" ").filter(Boolean), rows = [], arrived = 0, asked = false, most = 50;
  box.hidden = false;

  window.briefs = function (year, found) {
    found.forEach(function (one) { rows.push({ row: one, text: one.join(" ").toLowerCase() }); });
    rows.sort(function (a, b) { return a.row[0] < b.row[0] ? 1 : -1; });
  };
  function ask() {
    if (asked) { return; }
    asked = true;
    wanted.forEach(function (year) {
      var script = document.createElement("script");
      script.src = "site/search/" + year + ".js";
      script.onload = script.onerror = function () { arrived += 1; show(); };
      document.head.appendChild(script);
    });
  }
  function show() {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean), found = [], all = 0;
    list.textContent = "";
    if (!words.length) { count.textContent = ""; return; }
    rows.forEach(function (one) {
      if (!words.every(function (word) { return one.text.indexOf(word) >= 0; })) { return; }
      all += 1;
      if (found.length < most) { found.push(one.row); }
    });
    found.forEach(function (row) {
      var item = document.createElement("li"), link = document.createElement("a");
      link.href = row[0].replace(/-/g, "/") + "/index.html";
      link.textContent = row[0];
      item.appendChild(link);
      item.appendChild(document.createTextNode(" " + row[1]));
      list.appendChild(item);
    });
    count.textContent = (arrived < wanted.length ? "Loading… " : "") + all + (all === 1 ? " day" : " days")
      + (all > most ? ", the last " + most + " shown" : "");
  }
  field.addEventListener("focus", ask);
  field.addEventListener("input", function () { ask(); show(); });
  /* A search can be linked: index.html#q=BTC */
  var linked = /^#q=(.*)$/.exec(window.location.hash);
  if (linked) { field.value = decodeURIComponent(linked[1].replace(/\+/g, " ")); ask(); show(); }
  field.form.addEventListener("submit", function (event) { event.preventDefault(); ask(); show(); });
}());
