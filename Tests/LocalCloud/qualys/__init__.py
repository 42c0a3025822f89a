"""A stand-in for Qualys on one port, for tests: the wire of the real one, its limits, and every way to go wrong.

    cd Tests/LocalCloud && python -m qualys --hosts 1000 --latency-ms 50 --concurrency 5

prints one line of JSON with `api_url`, `gateway_url`, `username`, `password`, `seed` and `now` when it listens; `--help`
lists the options (`options.py`). From Python: `with QualysServer.start(hosts=1000, latency_ms=50) as qualys:`
(`client.py`). Nothing in here is meant for, or safe in, production.

What it answers
    /msp/about.php
    /api/{2.0..5.0}/fo/session/                   action=login, logout
    /api/{2.0..5.0}/fo/asset/host/                action=list; details None, Basic, All, with /AGs; ids and ranges
    /api/{2.0..5.0}/fo/asset/host/vm/detection/   action=list; XML
    /api/{2.0..5.0}/fo/knowledge_base/vuln/       action=list; details None, Basic, All
    /qps/rest/3.0/{count,search}/was/{webapp,finding,catalog,wasscan}, get/..., {status,download}/was/wasscan/<id>
    /qps/rest/2.0/{count,search}/am/hostasset, get/..., {search,ids}/am/hostdetection, /qps/rest/portal/version
    /auth, /rest/2.0/{search,count}/am/asset      the gateway, on the same port
QPS answers in JSON when `Accept` asks for it, else in XML. Unknown parameters are refused as the service refuses them.

The data
    Item i is a function of the seed and i: nothing is stored, any size starts at once, the same seed gives the same
    bytes. HOST.ID = qwebHostId = hostId, ASSET_ID = HostAsset.id = assetId. The KnowledgeBase lacks every fiftieth QID
    of hosts and every twentieth of web applications. Odd things are sprinkled in: see the tests named "the odd things".
    There are some dozens of different lists of detections; hosts with the same list differ in ids and times only.
    Answers that were asked for once are kept (`--cache-mb`), so that a second pull measures the client alone.

Limits
    Counted per API name: `asset/host`, `vm/detection`, `knowledge_base/vuln`, `msp/about` (--rate, --window,
    --concurrency); `was/webapp`, `am/hostasset`, ... or all of QPS together (--qps-rate, --qps-concurrency,
    --qps-scope; off, as in reality); `gateway/am/asset`, `auth` (--gateway-rate, --gateway-concurrency). One call too
    many at a time gets 409 with 1960, one too many in the window 409 with 1965 and the seconds to wait, on the gateway
    429 with Retry-After. FO names without any limit (both 0) send no limit headers, and none does with --silent-limits 1.
    `GET /_qualys/limits` tells for each name: calls, most_running, blocked_by_concurrency, blocked_by_rate, too_early
    (came within a told waiting time) and crossed (did so within --grace-ms of its telling: had set out before).
    A call that is refused for its account or for X-Requested-With is not counted.

Control, all below /_qualys/, JSON in and out; wrong requests get 400 and `error`
    GET health                    DELETE calls, limits, faults
    GET calls                     every request: api, status, parameters without credentials, times in ms, bytes
    POST settings                 latency_ms, limits {name: {rate, window, concurrency}}, qps_bad_credentials (200, 401),
                                  jwt_calls, grace_ms
    GET/POST faults               `kind` and members of `faults.Fault`: path and method (globs), body (part of it), times
                                  (-1 for ever), skip; `faults.KINDS` says what each kind does:
                                  instead of the work: status drop_before hang blocked_concurrency blocked_rate
                                  blocked_rate_no_header blocked_empty too_many simple_return account_expired
                                  generic_return generic_return_malformed html qps_error gateway_failed jwt_expired
                                  redirect empty entity_bomb external_entity default_attributes deep giant_names;
                                  bent: warning_host warning_stuck has_more_boolean last_id_stuck
                                  has_more_without_last_id has_more_missing control_chars big_scan;
                                  spoilt: drop_after cut cut_clean slow delay malformed close_after
    POST changes                  `change` and its arguments: add_webapp remove_webapp retire_webapp touch_webapp
                                  add_finding remove_finding change_finding add_catalog add_scan finish_scan resize_scan
                                  retire_scan add_host purge_host delete_host fix_detection touch_host move_address
                                  remove_application set_now. A change moves only the clock that it would move in
                                  reality: of the scan data, of the host asset, or of the inventory.
    POST expire-tokens, reset
    truth/<name>                  what a complete client should have got, one JSON object a line: counts webapps findings
                                  catalog scans (window, bytes, sha256) hosts detections detection-counts (parameters of
                                  the API) kb assets applications
"""
