// `layerfold doctor`: what this machine has, and whether the daemon's place is in order.

import ArgumentParser
import Client
import DurableIO
import Failures
import Foundation
import Jobs
import Runner
import Store
import SystemPackage
import TensorMath

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check this machine, the state folder and the daemon.")

    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Every finding counts as a failure.") var strict = false
    @Flag(help: "Measure how fast this machine is, and keep it in the state folder for `plan`.")
    var measure = false

    private struct Check: Encodable {
        let what: String
        let isGood: Bool
        let detail: String
    }

    func run() throws {
        let algebra = algebra
        if measure { try measureSpeed() }
        let checks = machine + [algebra] + state + reach + inbox
        if json {
            try Terminal.json(checks)
        } else {
            Terminal.table(
                checks.map { [$0.isGood ? "ok" : "!!", $0.what, $0.detail] }, hasHeader: false)
        }
        if strict, checks.contains(where: { !$0.isGood }) {
            throw Failure(.integrity, "not everything is in order")
        }
    }

    private func measureSpeed() throws {
        try StateOwner.expectOwn(FilePath(daemon.place.state))
        do {
            for (mode, speed) in try MachineSpeed.measure(keepingIn: FilePath(daemon.place.state)) {
                Terminal.error(
                    "\(mode): \(Int(speed.operations / 1e9)) G operations/s; hashed "
                        + "\(Int(speed.read / 1e6)) MB/s, written \(Int(speed.written / 1e6)) MB/s")
            }
        } catch { throw Failure(.notFound, "the speed could not be measured: \(error)") }
    }

    private var machine: [Check] {
        [
            Check(
                what: "kernels", isGood: kernelLevel() > 0,
                detail: Provenance.kernelLevelName),
            Check(
                what: "bf16 products", isGood: true,
                detail: MatrixProduct.hasNativeHalf ? "native" : "by f32"),
            Check(
                what: "OpenBLAS", isGood: true,
                detail: "\(Provenance.blasVersion), \(Provenance.blasCore) kernels"),
            Check(what: "oneDNN", isGood: true, detail: Provenance.oneDNNVersion),
            Check(what: "threads", isGood: true, detail: "\(Parallel.threadCount)"),
        ]
    }

    /// May restart the process, so that what is shown is what jobs use.
    private var algebra: Check {
        switch AlgebraSettlement.settle() {
        case .use(let fallback):
            Check(
                what: "linear algebra", isGood: fallback == nil,
                detail: fallback.map { "right with AVX2 kernels; \($0)" }
                    ?? "right, held against plain loops")
        case .restart(_, let reason), .refuse(let reason):
            Check(what: "linear algebra", isGood: false, detail: reason)
        }
    }

    private var state: [Check] {
        let path = daemon.place.state
        guard FileManager.default.fileExists(atPath: path) else {
            return [Check(what: "state folder", isGood: false, detail: "\(path) is not there")]
        }
        var checks = [Check(what: "state folder", isGood: true, detail: path)]
        if let space = try? DiskSpace(at: FilePath(path)).freeBytes {
            checks.append(
                Check(
                    what: "free space", isGood: space > 1 << 30,
                    detail: "\(space >> 20) MiB"))
        }
        return checks
    }

    /// The inbox that the daemon was told of; without a daemon, the one below its state folder.
    private var inbox: [Check] {
        let report = try? daemon.client.inbox()
        let path = report?.inbox ?? daemon.place.state + "/inbox"
        let isWritable = FileManager.default.isWritableFile(atPath: path)
        var checks = [
            Check(
                what: "inbox", isGood: isWritable,
                detail: isWritable
                    ? "you may drop job files into \(path)"
                    : "you may not write \(path): are you in its group?")
        ]
        if let problem = report.map(\.problem) ?? renameProblem {
            checks.append(Check(what: "inbox", isGood: false, detail: problem))
        }
        for warning in report?.warnings ?? [] {
            checks.append(Check(what: "inbox", isGood: false, detail: warning))
        }
        checks += (report?.staying ?? []).map {
            Check(what: "in the inbox", isGood: false, detail: "\($0.name): \($0.reason)")
        }
        if let more = report?.more, more > 0 {
            checks.append(
                Check(what: "in the inbox", isGood: false, detail: "\(more) more files stay"))
        }
        return checks + rejected(report?.rejected ?? [])
    }

    /// The caller's own, and those of nobody in particular; root sees all.
    private func rejected(_ files: [InboxReport.Rejected]) -> [Check] {
        let (user, countMax) = (Int(getuid()), 10)
        let own = files.filter { user == 0 || $0.owner == nil || $0.owner == user }
        let listed = own.prefix(countMax).map {
            Check(
                what: "rejected", isGood: false,
                detail: "\($0.name): \($0.problem) (`\($0.path)`)")
        }
        guard own.count > countMax else { return listed }
        return listed + [
            Check(what: "rejected", isGood: false, detail: "\(own.count - countMax) earlier ones")
        ]
    }

    /// Why files cannot be moved out of the inbox in one step. A running daemon has tried it
    /// itself; without one it is tried here, by those who may.
    private var renameProblem: String? {
        let (inbox, spool) = (daemon.place.state + "/inbox", daemon.place.state + "/spool")
        guard [inbox, spool].allSatisfy(FileManager.default.isWritableFile(atPath:)) else {
            return nil
        }
        do throws(SystemCallError) {
            try FolderProbe.rename(from: FilePath(inbox), to: FilePath(spool))
            return nil
        } catch {
            return error.description
        }
    }

    private var reach: [Check] {
        do {
            let status = try daemon.client.status()
            let told = status.retention.map { [Self.retention($0)] } ?? []
            let problems = status.problems ?? [status.degraded].compactMap(\.self)
            if problems.isEmpty {
                let detail = "version \(status.version), process \(status.process)"
                return [Check(what: "daemon", isGood: true, detail: detail)] + told
            }
            return problems.map { Check(what: "daemon", isGood: false, detail: $0) } + told
        } catch {
            return [Check(what: "daemon", isGood: false, detail: FaultText.describe(error))]
        }
    }

    /// What the server is about to remove, told while there is time.
    private static func retention(_ notice: RetentionNotice) -> Check {
        guard let first = notice.announced.first else {
            return Check(what: "retention", isGood: true, detail: "nothing is to be removed")
        }
        let bytes = notice.announced.reduce(0) { $0.addingClamped($1.bytes) }
        let time = Date(timeIntervalSince1970: Double(first.removedAtMilliseconds) / 1_000)
        return Check(
            what: "retention", isGood: true,
            detail: "results of \(notice.announced.count) jobs (\(bytes >> 20) MiB) will be "
                + "removed, the first at \(time.formatted(.iso8601)): job \(first.job) of user "
                + "\(first.owner), \(first.reason); move away what is to stay")
    }
}
