package onnxtest

import (
	"encoding/binary"
	"math"
)

// pool is the side of the squares that a model averages over.
const pool = 28

// Model gives the bytes of an ONNX model: the mean colours of 4 x 4 squares of a
// picture of 112 x 112 px, mixed into dim values by weights that are a fixed
// function of dim. layout is "nchw" or "nhwc"; the input is called "data", the
// output "fc1".
func Model(dim int, layout string) []byte {
	const cells = 3 * (112 / pool) * (112 / pool)
	shape, first := []int64{1, 3, 112, 112}, "data"
	var nodes []message
	if layout == "nhwc" {
		shape, first = []int64{1, 112, 112, 3}, "turned"
		nodes = append(nodes, node("Transpose", "turned", []string{"data"}, ints("perm", 0, 3, 1, 2)))
	}
	nodes = append(nodes,
		node("AveragePool", "pooled", []string{first}, ints("kernel_shape", pool, pool), ints("strides", pool, pool)),
		node("Flatten", "flat", []string{"pooled"}),
		node("MatMul", "fc1", []string{"flat", "weights"}))
	weights := make([]byte, 0, 4*cells*dim)
	for i := range cells * dim {
		// The quadratic term keeps rows and columns from being alike.
		w := math.Sin(float64(i) + float64(i)*float64(i)/float64(977))
		weights = binary.LittleEndian.AppendUint32(weights, math.Float32bits(float32(w)))
	}
	var graph message
	for _, n := range nodes {
		graph.bytes(1, n)
	}
	graph.bytes(2, message("specimen"))
	var tensor message
	tensor.number(1, cells)
	tensor.number(1, uint64(dim))
	tensor.number(2, 1) // float32
	tensor.bytes(8, message("weights"))
	tensor.bytes(9, weights)
	graph.bytes(5, tensor)
	graph.bytes(11, value("data", shape))
	graph.bytes(12, value("fc1", []int64{1, int64(dim)}))
	var opset, model message
	opset.number(2, 13)
	model.number(1, 8) // IR version
	model.bytes(7, graph)
	model.bytes(8, opset)
	return model
}

// message is a protocol buffer under construction.
type message []byte

func (m *message) number(field int, v uint64) {
	*m = binary.AppendUvarint(*m, uint64(field)<<3)
	*m = binary.AppendUvarint(*m, v)
}

func (m *message) bytes(field int, b []byte) {
	*m = binary.AppendUvarint(*m, uint64(field)<<3|2)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

func node(op, output string, inputs []string, attributes ...message) message {
	var m message
	for _, in := range inputs {
		m.bytes(1, []byte(in))
	}
	m.bytes(2, []byte(output))
	m.bytes(3, []byte(output))
	m.bytes(4, []byte(op))
	for _, a := range attributes {
		m.bytes(5, a)
	}
	return m
}

// ints is an attribute that lists whole numbers.
func ints(name string, values ...uint64) message {
	var m message
	m.bytes(1, []byte(name))
	for _, v := range values {
		m.number(8, v)
	}
	m.number(20, 7)
	return m
}

// value declares a float32 tensor.
func value(name string, shape []int64) message {
	var dims, tensor, kind, m message
	for _, d := range shape {
		var dim message
		dim.number(1, uint64(d))
		dims.bytes(1, dim)
	}
	tensor.number(1, 1)
	tensor.bytes(2, dims)
	kind.bytes(1, tensor)
	m.bytes(1, []byte(name))
	m.bytes(2, kind)
	return m
}
