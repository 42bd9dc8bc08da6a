package watchlist

// FaceQuality says how good a face sample is. It is measured when the photo is
// taken in, and never again.
type FaceQuality struct {
	// InterEye is the distance between the eye centres, in pixels of the photo as
	// sent.
	InterEye float64 `json:"inter_eye_px" cbor:"1,keyasint"`
	// Sharpness says how much of the face's contrast is fine detail, without unit:
	// see DESIGN.md of matcher/face. Faces enrolled before Measures was recorded
	// hold the variance of the Laplacian instead.
	Sharpness float64 `json:"sharpness" cbor:"2,keyasint"`
	// Dark and Bright are the shares of the face's luminance that are clipped.
	Dark   float64 `json:"dark" cbor:"3,keyasint"`
	Bright float64 `json:"bright" cbor:"4,keyasint"`
	// Flags lists what is wrong with the photo without making it useless, by the
	// Flag* codes, what to mend first before all.
	Flags []string `json:"flags,omitempty" cbor:"5,keyasint,omitempty"`
	// Measures names the formulas that Components were made by; "" when none were
	// recorded.
	Measures string `json:"measures,omitempty" cbor:"6,keyasint,omitempty"`
	// Components are the quality components of ISO/IEC 29794-5 that were measured.
	// There is no unified score: none was found that leaving out the worst probes
	// by it would have earned its place (DESIGN.md of matcher/face).
	Components []QualityComponent `json:"components,omitempty" cbor:"7,keyasint,omitempty"`
}

// QualityComponent is one component of ISO/IEC 29794-5.
type QualityComponent struct {
	// Name is one of the Component* names.
	Name string `json:"name" cbor:"1,keyasint"`
	// Value is the native measure, in the unit that its name's comment gives.
	Value float64 `json:"value" cbor:"2,keyasint"`
	// Score is the component's quality score, 0 (worst) to 100.
	Score int `json:"score" cbor:"3,keyasint"`
}

// The components, by the names of ISO/IEC 29794-5 and its reference
// implementation.
const (
	// ComponentInterEye: pixels, corrected for the yaw.
	ComponentInterEye = "inter_eye_distance"
	// ComponentSharpness: see FaceQuality.Sharpness.
	ComponentSharpness = "sharpness"
	// ComponentYaw and ComponentRoll: degrees.
	ComponentYaw  = "head_pose_yaw"
	ComponentRoll = "head_pose_roll"
	// ComponentHeadSize: length from eyes to chin over the photo's height.
	ComponentHeadSize = "head_size"
	// ComponentLeftMargin and ComponentRightMargin: distances between the eyes.
	ComponentLeftMargin  = "leftward_crop"
	ComponentRightMargin = "rightward_crop"
	// ComponentUpMargin (room above the eyes) and ComponentDownMargin (below):
	// lengths from eyes to chin.
	ComponentUpMargin   = "margin_above"
	ComponentDownMargin = "margin_below"
	// ComponentUnderExposure and ComponentOverExposure: shares of the face.
	ComponentUnderExposure = "under_exposure_prevention"
	ComponentOverExposure  = "over_exposure_prevention"
	// ComponentUniformity: overlap of the cheeks' luminance histograms, 0 to 1.
	ComponentUniformity = "illumination_uniformity"
	// ComponentDynamicRange: entropy of the face's luminance, bits.
	ComponentDynamicRange = "dynamic_range"
	// ComponentLuminanceMean and ComponentLuminanceVariance: shares of full
	// luminance. The mean follows the skin as much as the light: it is shown and
	// decides nothing.
	ComponentLuminanceMean     = "luminance_mean"
	ComponentLuminanceVariance = "luminance_variance"
)

// Component gives a component by name; ok tells whether it was measured.
func (q *FaceQuality) Component(name string) (c QualityComponent, ok bool) {
	for _, c := range q.Components {
		if c.Name == name {
			return c, true
		}
	}
	return QualityComponent{}, false
}

// The codes of FaceQuality.Flags, beside FlagLowQualityReference.
const (
	// FlagLowResolution: the eyes are closer together than the bar asks.
	FlagLowResolution = "low_resolution"
	// FlagBlurred: too little fine detail.
	FlagBlurred = "blurred"
	// FlagDark and FlagBright: a large share of the face has no detail left. They
	// look at lost detail, never at the tone of the skin.
	FlagDark   = "clipped_dark"
	FlagBright = "clipped_bright"
	// FlagSideLit: one cheek has much less light than the other.
	FlagSideLit = "side_lit"
	// FlagTurned: the face is turned to a side.
	FlagTurned = "turned"
	// FlagTilted: the line of the eyes leans more than the bar allows.
	FlagTilted = "tilted"
	// FlagCropped: the face is too near to an edge of the photo.
	FlagCropped = "cropped"
)

// FaceMeasure is what a photo was refused for: a component, its value and the
// limit that it missed.
type FaceMeasure struct {
	Component    string
	Value, Limit float64
}
