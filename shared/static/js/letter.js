/* The code on paper may come as a link: it stands behind the #, which no server and no log ever sees. */
const field = document.getElementById("f-code");
if (field && !field.value && location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname);
}
