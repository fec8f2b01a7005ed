// Narrows the list of endpoints to those that have every word that is typed. Without it the list is whole.
const box = document.getElementById("search");
box.parentElement.hidden = false;

box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const noun of document.querySelectorAll(".noun")) {
    let shown = 0;
    for (const endpoint of noun.querySelectorAll("li")) {
      const text = `${noun.querySelector("h2").textContent} ${endpoint.textContent} ${endpoint.dataset.words}`.toLowerCase();
      endpoint.hidden = !words.every((word) => text.includes(word));
      shown += endpoint.hidden ? 0 : 1;
    }
    noun.hidden = shown === 0;
    found += shown;
  }
  document.getElementById("nothing").hidden = found > 0;
});
