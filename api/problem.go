package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"vigie/api/gen"
	"vigie/watchlist"
	"vigie/watchlist/command"
)

// kind is the fixed part of a problem.
type kind struct {
	status int
	title  string
	detail string
	// retry is the default Retry-After, 0 for none.
	retry time.Duration
}

// problemKinds is the one table of problems: code -> status and words. It is only
// read. Codes are never reused for something else.
var problemKinds = map[string]kind{
	"invalid_request": {400, "Invalid request", "One or more fields don't fit the contract at /openapi.json.", 0},
	"malformed_json":  {400, "Malformed JSON", "The body is not one valid JSON value in UTF-8.", 0},
	"malformed_form":  {400, "Malformed multipart body", "The parts or their order are not as the contract says.", 0},
	"body_missing":    {400, "Body missing", "This operation needs a body.", 0},
	"too_deep":        {400, "JSON nested too deeply", "At most 32 levels are accepted.", 0},
	"too_many_values": {400, "Too many JSON values", "The body holds more list items and members than any request of this operation needs.", 0},
	"duplicate_key":   {400, "Duplicate key", "A JSON object names a member twice, and readers differ on which counts.", 0},
	"cursor_invalid":  {400, "Invalid cursor", "Pass the page's next unchanged, with the same filters.", 0},

	"if_match_invalid": {400, "Invalid If-Match", `If-Match is one revision in quotes, such as "3".`, 0},

	"unauthenticated":     {401, "Sign in first", "Send a session token or an API key that is still valid.", 0},
	"invalid_credentials": {401, "Wrong login or password", "", 0},

	"forbidden":                {403, "Not allowed", "The role of this account doesn't have the permission.", 0},
	"password_change_required": {403, "New password required", "Set a new password with PUT /v1/me/password first.", 0},
	"cross_origin":             {403, "Cross-origin request refused", "A request that writes with the session cookie must come from this node's own pages.", 0},
	"people_only":              {403, "For people only", "An API key has no session and no password.", 0},
	"same_person":              {403, "Another administrator must accept it", "Whoever proposed a change can't accept it. Refusing it takes it back.", 0},
	"foreign_origin":           {403, "Another authority owns the record", "Only its origin changes it.", 0},
	"expired":                  {403, "Expired", "The token is past its end.", 0},

	"not_found":     {404, "Not found", "There is no such record on this node.", 0},
	"unknown_route": {404, "No such address", "The contract at /openapi.json lists all addresses.", 0},
	"photo_absent":  {404, "No photo", "Only a template was enrolled.", 0},

	"method_not_allowed": {405, "Method not allowed", "The Allow header lists the methods of this address.", 0},
	"not_acceptable":     {406, "Not acceptable", "The answer's media type is not among those that Accept lists.", 0},
	"request_timeout":    {408, "The request came too slowly", "Send it again, smaller or over a better link.", 0},

	"exists":             {409, "Already exists", "The id or login is taken.", 0},
	"duplicate_face":     {409, "Face already enrolled", "The entry has this very photo or template: another photo of the person adds something.", 0},
	"bad_transition":     {409, "The lifecycle doesn't allow it", "What is withdrawn stays withdrawn; an entry can't go back to draft.", 0},
	"no_other_voter":     {409, "No other voter", "The cluster needs another voter for that: join one first.", 0},
	"last_administrator": {409, "The last administrator", "Nobody else could administer the cluster: create another administrator first.", 0},
	"self_change":        {409, "Not on oneself", "Another administrator has to change this.", 0},

	"family_conflict": {409, "A spelling belongs to another family", "errors says which spelling and which family. Leave it out, extend that family instead, or propose it with allow_shared.", 0},

	"history_gone": {410, "Too long ago", "This node has forgotten that state of its list; ask a node that has run longer.", 0},

	"calibration_gone": {410, "No gallery of that calibration", "This node does not hold it; ask the node that the search's audit event is from.", 0},

	"families_conflict":    {412, "The table has changed", "Look at the effect on the present table again and decide anew.", 0},
	"calibration_conflict": {412, "Another calibration is in force", "Read it again and decide anew from the one in force.", 0},
	"revision_conflict":    {412, "The record has changed", "Read it again and repeat the change on its present revision.", 0},

	"body_too_large":  {413, "The request is too large", "The contract's x-max-body and x-max-multipart say how much is accepted.", 0},
	"entry_too_large": {413, "The record is too large", "One record takes at most 64 KiB besides its photos.", 0},

	"unsupported_media_type": {415, "Content type not accepted", "The contract lists the content types of this operation.", 0},
	"unsupported_encoding":   {415, "Content encoding not accepted", "Send the body without Content-Encoding.", 0},

	"invalid":              {422, "A rule is broken", "errors says which field and which rule.", 0},
	"idempotency_mismatch": {422, "Idempotency key used before", "The key belongs to another request; draw a new one.", 0},
	"mrz_malformed":        {422, "Not a machine-readable zone", "The lines are not those of a TD1, TD2, TD3, MRV-A or MRV-B document.", 0},
	"mrz_check_digit":      {422, "Wrong check digits", "Read the lines again, ask /v1/mrz for other readings, or set mrz.accept_errors to search all the same.", 0},

	watchlist.FaceNone:           {422, "No face", "The photo shows no face.", 0},
	watchlist.FaceMultiple:       {422, "Several faces", "Pick one of the boxes.", 0},
	watchlist.FaceTooSmall:       {422, "Face too small", "Go closer.", 0},
	watchlist.FaceBoxUnknown:     {422, "No face in that box", "Take a box from an earlier answer for the same photo.", 0},
	watchlist.FaceTooBlurred:     {422, "Photo too blurred", "Hold the camera still and focus.", 0},
	watchlist.FaceOverexposed:    {422, "Face overexposed", "Use less light, or no flash.", 0},
	watchlist.FaceTurnedAway:     {422, "Face turned away", "Look straight at the lens.", 0},
	watchlist.FaceUnsupported:    {415, "Image format not accepted", "Send JPEG, PNG or WebP.", 0},
	watchlist.FaceCorrupt:        {422, "Damaged image", "The image can't be decoded.", 0},
	watchlist.FaceImageTooLarge:  {413, "Image too large", "Send a smaller image.", 0},
	watchlist.FaceImageTooSmall:  {422, "Image too small", "Send a larger image.", 0},
	watchlist.FaceModelMismatch:  {422, "Another face model", "The template is not of the model that this cluster runs.", 0},
	watchlist.FaceBadTemplate:    {422, "Invalid template", "A template has " + watchlist.TemplateDims + " finite values and is not all zero.", 0},
	watchlist.FaceEngineAbsent:   {503, "No face engine", "This node can't read photos; names, documents and templates work.", 0},
	watchlist.FaceEngineOverload: {503, "Face engine busy", "Try again in a moment.", time.Second},

	"precondition_required": {428, "If-Match is required", "Send the revision that the change starts from.", 0},
	"too_many_attempts":     {429, "Too many attempts", "Wait before the next one.", 5 * time.Second},

	"client_gone": {499, "The client went away", "", 0},
	"internal":    {500, "Internal error", "The node's log has the trace id.", 0},

	"no_leader":           {503, "No leader", "This node sees no quorum. Matching goes on; writes and leader reads don't.", 2 * time.Second},
	"file_not_taken":      {503, "Too few nodes took the file", "A photo or calibration file must be on a majority of the voters before it counts; nothing was changed. Send it again once they are reachable (GET /v1/cluster).", 5 * time.Second},
	"overloaded":          {503, "Busy", "Try again in a moment.", time.Second},
	"outcome_unknown":     {503, "Outcome unknown", "The write may or may not have happened: send it again with the same Idempotency-Key.", 2 * time.Second},
	"timeout":             {503, "Took too long", "Try again in a moment.", 2 * time.Second},
	"index_not_reached":   {503, "This node is behind", "It has not applied min_index yet.", time.Second},
	"photo_not_here":      {503, "Photo not here yet", "It is still on its way to this node.", 10 * time.Second},
	"not_ready":           {503, "Not ready", "The node is starting or stopping.", 2 * time.Second},
	"text_index_building": {503, "Text index not ready", "This node still reads its entries into the text index; GET /v1/cluster shows how far it is. Search by name meanwhile (q), or ask another node.", 5 * time.Second},
	"audit_unavailable":   {503, "Audit unavailable", "The audit log can't be written, so nothing is answered.", 10 * time.Second},

	"node_diverged": {503, "Node diverged", "The node's state differs from the majority's. Ask another node, and call the operator.", 10 * time.Second},
	"disk_stuck":    {503, "The disk does not answer", "The node can't promise a write now; nothing was written. Use another node.", 5 * time.Second},

	"disk_full": {507, "Disk full", "The disk has no room for the write; nothing was written. Matching goes on. Make room on the node, or use another one.", 0},
}

// sentinels maps the domain's errors to codes.
var sentinels = []struct {
	err  error
	code string
}{
	// First: whoever joins these with another error must not hide them.
	{watchlist.ErrOutcomeUnknown, "outcome_unknown"},
	{watchlist.ErrNotReplicated, "file_not_taken"},
	{watchlist.ErrNotFound, "not_found"},
	{watchlist.ErrNoLeader, "no_leader"},
	{watchlist.ErrTooLarge, "entry_too_large"},
	{watchlist.ErrOverloaded, "overloaded"},
	{watchlist.ErrTextBuilding, "text_index_building"},
	{watchlist.ErrDiskFull, "disk_full"},
	{watchlist.ErrDiverged, "node_diverged"},
	{watchlist.ErrDiskStuck, "disk_stuck"},
	{context.DeadlineExceeded, "timeout"},
	{context.Canceled, "client_gone"},
}

// outcomes maps the state machine's refusals to codes.
var outcomes = map[command.Code]string{
	command.NotFound:      "not_found",
	command.Conflict:      "revision_conflict",
	command.Exists:        "exists",
	command.IdemMismatch:  "idempotency_mismatch",
	command.Invalid:       "invalid",
	command.ForeignOrigin: "foreign_origin",
	command.BadTransition: "bad_transition",
	command.Expired:       "expired",
	command.PeopleOnly:    "people_only",
	command.SamePerson:    "same_person",
}

// apiError is an error with its place in the table. It never holds a value that
// a client sent; cause is for the log of internal errors only.
type apiError struct {
	code     string
	detail   string
	retry    time.Duration
	fields   []gen.FieldProblem
	boxes    []gen.Box
	measured *watchlist.FaceMeasure
	mrz      *gen.MrzResult
	// advice is what to do, where the code alone does not tell.
	advice   gen.Advice
	revision uint64
	// history says which indexes a replay can ask for; nil for other problems.
	history *watchlist.HistoryError
	cause   error
}

// Error implements error.
func (e *apiError) Error() string { return "problem " + e.code }

// Unwrap gives the cause.
func (e *apiError) Unwrap() error { return e.cause }

func fail(code string) *apiError { return &apiError{code: code} }

func failField(code, pointer, rule, detail string) *apiError {
	return &apiError{code: code, fields: []gen.FieldProblem{{Pointer: pointer, Code: rule, Detail: detail}}}
}

// refusal is the error of a result that is not OK.
func refusal(r command.Result) error {
	code, ok := outcomes[r.Code]
	if !ok {
		return &apiError{code: "internal", cause: errors.New("unknown outcome of a command")}
	}
	return &apiError{code: code, fields: fieldProblems(r.Fields), revision: r.Revision}
}

func fieldProblems(v watchlist.ValidationError) []gen.FieldProblem {
	out := make([]gen.FieldProblem, len(v))
	for i, f := range v {
		out[i] = gen.FieldProblem{Pointer: f.Pointer, Code: f.Code, Detail: f.Detail}
	}
	return out
}

// asAPIError finds the place of any error in the table; what isn't known is
// internal.
func asAPIError(err error) *apiError {
	var (
		own   *apiError
		face  *watchlist.FaceError
		list  watchlist.ValidationError
		field watchlist.FieldError
		tooBg *http.MaxBytesError
		he    *echo.HTTPError
		past  *watchlist.HistoryError
		calib *watchlist.CalibrationError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &face):
		if _, ok := problemKinds[face.Code]; ok {
			return &apiError{code: face.Code, detail: face.Detail, boxes: boxes(face.Boxes), measured: face.Measure, cause: face.Err}
		}
	case errors.As(err, &list):
		return &apiError{code: "invalid", fields: fieldProblems(list)}
	case errors.As(err, &field):
		return &apiError{code: "invalid", fields: fieldProblems(watchlist.ValidationError{field})}
	case errors.As(err, &past):
		return historyError(past)
	case errors.As(err, &calib):
		return calibrationError(calib)
	case errors.As(err, &tooBg):
		return fail("body_too_large")
	case errors.As(err, &he):
		return fromEcho(he)
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return &apiError{code: s.code, cause: err}
		}
	}
	return &apiError{code: "internal", cause: err}
}

// historyError tells an index that the node has forgotten from one that it has
// not reached.
func historyError(e *watchlist.HistoryError) *apiError {
	code, what := "history_gone", "This node has forgotten that state of its list."
	if e.AsOf > e.Newest {
		code, what = "index_not_reached", "This node has not applied that index yet."
	}
	return &apiError{code: code, history: e, detail: what + " It can answer as of index " + strconv.FormatUint(e.Oldest, 10) + " to " + strconv.FormatUint(e.Newest, 10) + "."}
}

// calibrationError names a version of the cluster's history; one that was sent is
// not repeated.
func calibrationError(e *watchlist.CalibrationError) *apiError {
	if !e.Known {
		return failField("invalid", "/calibration", "unknown_value", "no calibration of this version was ever in force")
	}
	return &apiError{code: "calibration_gone", detail: "This node holds no gallery of calibration " + e.Version + ", which that search was made under; ask the node that its audit event is from."}
}

// fromEcho translates the framework's errors; their messages may hold input and
// are dropped.
func fromEcho(he *echo.HTTPError) *apiError {
	switch he.Code {
	case http.StatusNotFound:
		return fail("unknown_route")
	case http.StatusMethodNotAllowed:
		return fail("method_not_allowed")
	case http.StatusRequestEntityTooLarge:
		return fail("body_too_large")
	case http.StatusUnsupportedMediaType:
		return fail("unsupported_media_type")
	case http.StatusBadRequest:
		return fail("invalid_request")
	}
	return &apiError{code: "internal", cause: errors.New("framework error " + strconv.Itoa(he.Code))}
}

// problem builds the body of the answer.
func (e *apiError) problem(trace string) gen.Problem {
	k := problemKinds[e.code]
	p := gen.Problem{
		Type: "urn:vigie:problem:" + e.code, Title: k.title, Status: k.status, Code: e.code,
		Detail: k.detail, TraceId: trace, Errors: e.fields, Boxes: e.boxes, Revision: int64(e.revision),
	}
	if e.detail != "" {
		p.Detail = e.detail
	}
	if a, ok := watchlist.PhotoAdvice(e.code); ok {
		p.Advice = adviceOut(a)
	}
	if a, ok := watchlist.DiskAdvice(e.code, e.cause); ok {
		p.Advice = adviceOut(a)
	}
	if e.advice != (gen.Advice{}) {
		p.Advice = e.advice
	}
	if e.measured != nil {
		p.Measured = measuredOut(*e.measured)
	}
	if e.mrz != nil {
		p.Mrz = *e.mrz
	}
	if e.history != nil {
		p.OldestIndex, p.NewestIndex = int64(e.history.Oldest), int64(e.history.Newest)
	}
	return p
}

// write sends the problem over HTTP of a major version. It must not be called
// once the answer has begun.
func (e *apiError) write(w http.ResponseWriter, major int, trace string) error {
	k := problemKinds[e.code]
	if retry := max(e.retry, k.retry); retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(retry.Seconds()))))
	}
	if k.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	// What is left of the body isn't read. HTTP/2 ends the stream alone; there the
	// header would end the connection, and curl would drop the answer with it.
	if major == 1 && (k.status == http.StatusRequestTimeout || k.status == http.StatusRequestEntityTooLarge) {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", mediaProblem)
	w.WriteHeader(k.status)
	return json.NewEncoder(w).Encode(e.problem(trace))
}
