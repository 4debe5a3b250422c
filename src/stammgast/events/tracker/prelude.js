/* Tells analytics.js where it came from and collects calls until it has started. */
(function (script) {
  var name = (script && script.dataset.globalSegmentAnalyticsKey) || "analytics";
  var queue = (window[name] = window[name] || []);
  if (!queue._cdn) queue._cdn = "__BASE__";
  if (script && script.dataset.writeKey && !queue._writeKey) queue._writeKey = script.dataset.writeKey;
  if (queue.track) return;
  "__METHODS__".split(" ").forEach(function (method) {
    queue[method] = function () {
      var live = window[name];
      var call = Array.prototype.slice.call(arguments);
      if (live !== queue && live.initialized) return live[method].apply(live, call);
      queue.push([method].concat(call));
      return queue;
    };
  });
})(document.currentScript);
