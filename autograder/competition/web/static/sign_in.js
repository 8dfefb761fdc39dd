// sign_in.js - whoever was sent here comes back to where they were; the service looks that it is a page of its own.

const form = document.querySelector("main form");
form.elements.next.value = new URLSearchParams(location.search).get("next") ?? "/";
form.action += location.search; // still known after a wrong token
