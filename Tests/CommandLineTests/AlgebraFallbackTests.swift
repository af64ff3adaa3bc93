// A library that computes wrongly, put before OpenBLAS by the loader: what the programs make of it.

import Foundation
import TestSupport
import Testing

@Suite("wrong linear algebra")
struct AlgebraFallbackTests {
    /// Products whose first entry is off: until the process falls back, or always.
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        typedef void (*product)(int, int, int, int, int, int, double, const double *, int,
            const double *, int, double, double *, int);
        void cblas_dgemm(int order, int a, int b, int m, int n, int k, double alpha,
            const double *left, int lda, const double *right, int ldb, double beta, double *c,
            int ldc) {
            ((product)dlsym(RTLD_NEXT, "cblas_dgemm"))(
                order, a, b, m, n, k, alpha, left, lda, right, ldb, beta, c, ldc);
            if (getenv("ALWAYS_WRONG") || !getenv("LAYERFOLD_KERNEL_FALLBACK")) c[0] += 1e-3;
        }
        """

    private static let hasAVX2 =
        (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains(" avx2 ") == true

    private let folder: TemporaryFolder
    private let job: String

    init() throws {
        (folder, job) = try Workshop.make()
        let path = folder.path
        try Data(Self.source.utf8).write(to: URL(filePath: path + "/wrong.c"))
        let built = try shell(
            "cd '\(path)' && for c in cc clang; do $c -shared -fPIC -o wrong.so wrong.c -ldl "
                + "&& exit 0; done; exit 1")
        try #require(built.status == 0, "\(built.errors)")
    }

    private func misled(_ arguments: String..., always: Bool = false) throws -> Outcome {
        var environment = ["LD_PRELOAD": folder.path + "/wrong.so"]
        if always { environment["ALWAYS_WRONG"] = "1" }
        return try layerfold(arguments, environment: environment)
    }

    @Test(
        "the process starts again with AVX2 kernels, once; doctor, standard error and report say so",
        .enabled(if: hasAVX2, "no AVX2 kernels to fall back to"))
    func fallsBack() throws {
        let doctor = try misled("doctor", "--state", folder.path + "/state")
        #expect(doctor.output.contains("Haswell kernels"), "\(doctor.output)")
        #expect(doctor.output.contains("right with AVX2 kernels; wrong results of dgemm"))
        let run = try misled(
            "run", job, "--state", folder.path + "/state", "--output", folder.path + "/out")
        try #require(run.status == 0, "\(run.errors)")
        #expect(
            run.errors.ranges(of: "wrong results of dgemm").count >= 1
                && run.errors.ranges(of: "starting again").count == 1, "\(run.errors)")
        let path = run.output.trimmingCharacters(in: .newlines)
        let report = try String(contentsOfFile: path, encoding: .utf8)
        #expect(report.contains("computed with AVX2 kernels, because of wrong results of dgemm"))
        #expect(report.contains("\"Haswell\""))
    }

    @Test("where those are wrong as well, verbs that compute end with one error, others work")
    func refuses() throws {
        let state = folder.path + "/state"
        let plan = try misled("plan", job, "--state", state, always: true)
        #expect(plan.status == 1 && plan.output.isEmpty, "\(plan.output)")
        #expect(plan.errors.contains("install another version of it"), "\(plan.errors)")
        let doctor = try misled("doctor", "--state", state, always: true)
        #expect(doctor.status == 0 && doctor.output.contains("!!  linear algebra"))
        #expect(try misled("methods", always: true).status == 0)
    }
}
