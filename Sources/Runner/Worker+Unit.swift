// A unit of work on another machine: a part of a job, whose end goes into an attempt file. No
// index, no network, no daemon at the other end of a pipe.

import DurableIO
import Failures
import Foundation
package import Jobs
import Report
package import SystemPackage

extension Worker {
    /// Does what the request asks for and writes how that ended, last of all.
    ///
    /// - Parameter file: the attempt file.
    /// - Throws: what keeps the attempt file from being written.
    package func runUnit(_ part: UnitPart, to file: FilePath) throws -> UnitOutcome.Result {
        let start = ContinuousClock.now
        let pulse = Pulse()
        let heart = heart(pulse)
        defer { heart.stop() }
        var result = UnitOutcome.Result.succeeded
        var failure: WorkerOutcome.Failure?
        do {
            try runJob(pulse)
        } catch is JobStopped {
            result = .stopped
        } catch {
            result = .failed
            failure = WorkerOutcome.Failure(error)
        }
        let outcome = UnitOutcome(
            token: part.token, result: result, failure: failure,
            seconds: (ContinuousClock.now - start) / .seconds(1),
            peakBytes: ResidentMemory.peakBytes(), host: ProcessInfo.processInfo.hostName,
            numerics: numerics, kept: pulse.kept)
        try outcome.write(to: file)
        return result
    }

    private var numerics: UnitNumerics {
        UnitNumerics(Numerics(request.description.analysis.compute))
    }

    /// What the last unit of a job says of the others: those of a machine with other kernels left
    /// objects that this one does not look for.
    func remarks() -> [String] {
        guard let others = request.unit?.numerics else { return [] }
        let own = numerics
        return Dictionary(grouping: others.filter { !$0.value.agrees(with: own) }) { $0.value.text }
            .sorted { $0.key < $1.key }
            .map { text, units in
                let names = units.map(\.key).sorted().joined(separator: ", ")
                return "units \(names) were computed on a machine of other numerics (\(text)) than "
                    + "this one (\(own.text)): what they computed was computed again; ask for one "
                    + "kind of machine (`resources: constraint`)"
            }
    }
}

extension UnitOutcome {
    /// - Throws: what keeps the attempt file from being written.
    package func write(to file: FilePath) throws {
        let text = String(decoding: try JobJSON.encodePretty(self), as: UTF8.self)
        try DurableText.write(text, to: file)
    }
}

extension UnitNumerics {
    init(_ numerics: Numerics) {
        let report = numerics.report
        self.init(
            compute: report.compute,
            kernels: "\(report.kernelLevel)/\(numerics.productKernels)",
            threads: report.threads, blas: report.blasCore ?? "unknown",
            processor: report.cpu ?? "unknown")
    }
}
