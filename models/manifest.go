package models

// MendCommand is the command that installs the models; every problem names it.
const MendCommand = "make models"

// DlibModel names the encoder and the recipe of the templates that the three
// dlib files of the manifest give: detector HOG, landmarks 5, chip side 150 px,
// padding 0.25, JPEG decoded by libjpeg-turbo; a reference is the mean direction
// of four crops, a probe that of two (see matcher/face), and the two are
// comparable. Templates of two models are never compared.
const DlibModel = "dlib-resnet-v1/hog5-150-0.25/jt1-ref4-probe2"

// DlibDim is the number of values of a dlib template.
const DlibDim = 128

// File is one model file as it must lie in the models directory.
type File struct {
	// Name is the file name; Size is in bytes.
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 is the lower-case hexadecimal digest of the whole file.
	SHA256 string `json:"sha256"`
	// Licence says under which terms the weights may be used, Source where they
	// come from, Card what they are, what is published of them and how they are
	// known to fail.
	Licence string `json:"licence"`
	Source  string `json:"source"`
	Card    string `json:"card"`
}

const modelSource = "davisking/dlib-models, as shipped by the package face-recognition-models 0.0.0"

// Manifest lists the three files that the dlib engine needs, in a fixed order.
func Manifest() []File {
	return []File{
		{
			Name:    "dlib_face_recognition_resnet_model_v1.dat",
			Size:    22466066,
			SHA256:  "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
			Licence: "public domain (CC0), by its author's declaration",
			Source:  modelSource,
			Card:    encoderCard,
		},
		{
			Name:    "shape_predictor_5_face_landmarks.dat",
			Size:    9150489,
			SHA256:  "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
			Licence: "public domain (CC0), by its author's declaration",
			Source:  modelSource,
			Card:    landmarkCard,
		},
		{
			Name:    "mmod_human_face_detector.dat",
			Size:    729940,
			SHA256:  "be467b1a76f482693de3b0f6a1ff91d092319be71523d4d4b0628f6a53fcb87a",
			Licence: "public domain (CC0), by its author's declaration",
			Source:  modelSource,
			Card:    detectorCard,
		},
	}
}

const encoderCard = `What: ResNet with 29 layers, 150 x 150 px face chip in, 128 values out.
Trained on: about 3 million images of 7,485 identities (FaceScrub, VGG and the web), mostly
celebrities of the United States, with a metric loss.
Published: 99.38 % on LFW, a set of press photos. No figure for West Africa is published.
Known biases: its author calls it heavily biased towards faces of the United States. At the
customary L2 distance 0.6 the false match rate is about 0.8 % between US legislators, 2 to 5 %
between US Black legislators and about 40 % between West African officials, measured by this
project. East Asian faces fail in the same way.
Therefore: the raw distance is never shown nor thresholded. Templates are projected by a
balanced-cohort calibration first, which brings the groups that were measured to one threshold;
groups that were not measured may still fare worse.
Not for: deciding on its own. A candidate is a lead for an officer, never an identity.`

const landmarkCard = `What: regression trees that find 5 points (four eye corners and the base of the nose) in a face
box, used to align the chip.
Trained on: 7,198 faces labelled by the author of dlib.
Known limits: made for near-frontal faces; profile views, masks and veils shift the points.`

const detectorCard = `What: convolutional max-margin face detector. The engine's library loads it at start; Vigie does
not run it, since it takes 0.7 s and 0.5 GB for a 512 px photo. Detection is by the HOG detector
that is compiled into dlib.
Known limits of that HOG detector: frontal faces of 80 px and more; it misses more dark, low
contrast faces than others (failure to enrol is reported per group by the evaluation).`
