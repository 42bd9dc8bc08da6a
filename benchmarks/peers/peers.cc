// peers runs the searches that vigie is measured against: FAISS flat, hnswlib
// and a blocked scan with OpenBLAS's sgemm. The benchmark (benchmarks/search)
// starts it, sends one command a line and reads one line for each:
//
//   data PATH N DIM            map N rows of DIM float32
//   queries PATH N DIM         map the queries
//   threads N                  of FAISS, the sgemm scan and the hnswlib build
//   faiss                      add the data to a flat L2 index
//   hnsw PATH M EF             load the graph from PATH, or build and save it
//   search WHO PARAM K FROM COUNT BATCH
//                              search COUNT queries, BATCH at a time; WHO is
//                              faiss, hnsw (PARAM is ef) or sgemm
//
// It answers "ok …" or "error …". search answers the nanoseconds of the whole
// loop by the monotonic clock and K row numbers a query, nearest first, -1 where
// there is none. hnswlib searches on one thread, whatever was set.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <cblas.h>
#include <faiss/IndexFlat.h>
#include <hnswlib/hnswlib.h>
#include <omp.h>

extern "C" void openblas_set_num_threads(int);

namespace {

using Clock = std::chrono::steady_clock;

// Matrix is a read-only mapping of rows of float32.
struct Matrix {
  const float *rows = nullptr;
  size_t n = 0, dim = 0;

  void map(const std::string &path, size_t count, size_t width) {
    if (rows != nullptr) munmap(const_cast<float *>(rows), n * dim * 4);
    rows = nullptr, n = count, dim = width;
    int fd = open(path.c_str(), O_RDONLY);
    if (fd < 0) throw std::runtime_error("cannot open the shared file");
    struct stat st;
    bool fits = fstat(fd, &st) == 0 && size_t(st.st_size) >= n * dim * 4;
    void *p = fits ? mmap(nullptr, n * dim * 4, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (p == MAP_FAILED) throw std::runtime_error("cannot map the shared file");
    madvise(p, n * dim * 4, MADV_HUGEPAGE);
    rows = static_cast<const float *>(p);
  }
  const float *row(size_t i) const { return rows + i * dim; }
};

class Peers {
public:
  std::string run(const std::string &line) {
    std::istringstream in(line);
    std::string what;
    in >> what;
    if (what == "data") return data(in);
    if (what == "queries") return map(in, queries_);
    if (what == "threads") return threads(in);
    if (what == "faiss") return faiss();
    if (what == "hnsw") return hnsw(in);
    if (what == "search") return search(in);
    throw std::runtime_error("no such command");
  }

private:
  Matrix data_, queries_;
  int threads_ = 1;
  std::unique_ptr<faiss::IndexFlatL2> flat_;
  std::unique_ptr<hnswlib::L2Space> space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph_;
  std::vector<float> norms_;

  std::string map(std::istringstream &in, Matrix &m) {
    std::string path;
    size_t n, dim;
    if (!(in >> path >> n >> dim)) throw std::runtime_error("PATH N DIM expected");
    m.map(path, n, dim);
    return "ok";
  }

  std::string data(std::istringstream &in) {
    flat_.reset(), graph_.reset(), norms_.clear();
    return map(in, data_);
  }

  std::string threads(std::istringstream &in) {
    if (!(in >> threads_) || threads_ < 1) throw std::runtime_error("N expected");
    return "ok";
  }

  std::string faiss() {
    flat_ = std::make_unique<faiss::IndexFlatL2>(data_.dim);
    flat_->add(data_.n, data_.rows);
    return "ok";
  }

  std::string hnsw(std::istringstream &in) {
    std::string path;
    size_t m, ef;
    if (!(in >> path >> m >> ef)) throw std::runtime_error("PATH M EF expected");
    space_ = std::make_unique<hnswlib::L2Space>(data_.dim);
    auto start = Clock::now();
    std::string how = "loaded";
    if (std::ifstream(path).good()) {
      graph_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), path);
      if (graph_->cur_element_count != data_.n) throw std::runtime_error("the saved graph is of other data");
    } else {
      how = "built";
      build(m, ef);
      graph_->saveIndex(path + ".part");
      if (std::rename((path + ".part").c_str(), path.c_str()) != 0) throw std::runtime_error("cannot save the graph");
    }
    std::chrono::duration<double> took = Clock::now() - start;
    return "ok " + how + " " + std::to_string(took.count());
  }

  void build(size_t m, size_t ef) {
    graph_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), data_.n, m, ef);
    std::vector<std::thread> workers;
    for (int w = 0; w < threads_; w++)
      workers.emplace_back([this, w] {
        for (size_t i = w; i < data_.n; i += threads_) graph_->addPoint(data_.row(i), i);
      });
    for (auto &w : workers) w.join();
  }

  std::string search(std::istringstream &in) {
    std::string who;
    size_t param, k, from, count, batch;
    if (!(in >> who >> param >> k >> from >> count >> batch) || batch == 0 || k == 0 || from + count > queries_.n)
      throw std::runtime_error("WHO PARAM K FROM COUNT BATCH expected, within the queries");
    if (queries_.dim != data_.dim) throw std::runtime_error("queries and data differ in dimension");
    std::vector<int64_t> ids(count * k, -1);
    if (who == "faiss" ? !flat_ : who == "hnsw" ? !graph_ : who != "sgemm") throw std::runtime_error("nothing to search");
    if (who == "hnsw") graph_->setEf(param);
    if (who == "sgemm") prepareNorms();
    omp_set_num_threads(threads_);
    openblas_set_num_threads(who == "faiss" ? threads_ : 1);
    std::vector<float> distances(batch * k);
    auto start = Clock::now();
    for (size_t at = 0; at < count; at += batch) {
      size_t n = std::min(batch, count - at);
      const float *q = queries_.row(from + at);
      int64_t *out = &ids[at * k];
      if (who == "faiss")
        flat_->search(n, q, k, distances.data(), out);
      else if (who == "hnsw")
        for (size_t i = 0; i < n; i++) walk(q + i * data_.dim, k, out + i * k);
      else
        products(q, n, k, out);
    }
    auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    std::ostringstream answer;
    answer << "ok " << took;
    for (int64_t id : ids) answer << ' ' << id;
    return answer.str();
  }

  void walk(const float *q, size_t k, int64_t *out) {
    auto found = graph_->searchKnn(q, k); // farthest first
    for (size_t i = found.size(); i > 0; i--, found.pop()) out[i - 1] = int64_t(found.top().second);
  }

  void prepareNorms() {
    if (!norms_.empty()) return;
    norms_.resize(data_.n);
    for (size_t i = 0; i < data_.n; i++) norms_[i] = cblas_sdot(data_.dim, data_.row(i), 1, data_.row(i), 1);
  }

  // products shares the queries out to the threads.
  void products(const float *q, size_t n, size_t k, int64_t *out) {
    std::vector<std::thread> workers;
    for (int w = 0; w < threads_; w++) {
      size_t from = n * w / threads_, to = n * (w + 1) / threads_;
      auto part = [=, this] { product(q + from * data_.dim, to - from, k, out + from * k); };
      if (w + 1 == threads_)
        part();
      else
        workers.emplace_back(part);
    }
    for (auto &w : workers) w.join();
  }

  // product scans all rows for n queries: blocks of rows times the queries by
  // sgemm, |x|² - 2 x·q compared with the k-th best so far.
  void product(const float *q, size_t n, size_t k, int64_t *out) {
    constexpr size_t kRows = 1024;
    using Hit = std::pair<float, int64_t>;
    std::vector<std::vector<Hit>> best(n); // heaps, the worst in front
    std::vector<float> products(n * kRows);
    for (size_t at = 0; at < data_.n; at += kRows) {
      size_t rows = std::min(kRows, data_.n - at);
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, rows, data_.dim, -2, q, data_.dim, data_.row(at), data_.dim, 0, products.data(), kRows);
      for (size_t i = 0; i < n; i++) {
        float *p = &products[i * kRows];
        const float *norm = &norms_[at];
        for (size_t j = 0; j < rows; j++) p[j] += norm[j];
        auto &heap = best[i];
        for (size_t from = 0; from < rows; from += 64) {
          size_t to = std::min(from + 64, rows);
          if (heap.size() == k) {
            float least = p[from];
            for (size_t j = from; j < to; j++) least = std::min(least, p[j]);
            if (least >= heap.front().first) continue;
          }
          for (size_t j = from; j < to; j++) {
            if (heap.size() == k) {
              if (p[j] >= heap.front().first) continue;
              std::pop_heap(heap.begin(), heap.end());
              heap.pop_back();
            }
            heap.emplace_back(p[j], int64_t(at + j));
            std::push_heap(heap.begin(), heap.end());
          }
        }
      }
    }
    for (size_t i = 0; i < n; i++) {
      std::sort_heap(best[i].begin(), best[i].end());
      for (size_t j = 0; j < best[i].size(); j++) out[i * k + j] = best[i][j].second;
    }
  }
};

} // namespace

int main() {
  Peers peers;
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      std::cout << peers.run(line) << std::endl;
    } catch (const std::exception &e) {
      std::cout << "error " << e.what() << std::endl;
    }
  }
  return 0;
}
