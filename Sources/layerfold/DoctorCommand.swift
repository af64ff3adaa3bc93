// `layerfold doctor`: what this machine has, and whether the daemon's place is in order.

import ArgumentParser
import DurableIO
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

    private struct Check: Encodable {
        let what: String
        let isGood: Bool
        let detail: String
    }

    func run() throws {
        let checks = machine + state + [reach]
        if json {
            try Terminal.json(checks)
        } else {
            Terminal.table(checks.map { [$0.isGood ? "ok" : "!!", $0.what, $0.detail] })
        }
        if strict, checks.contains(where: { !$0.isGood }) {
            throw Failure(.integrity, "not everything is in order")
        }
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
        let inbox = path + "/inbox"
        let isWritable = FileManager.default.isWritableFile(atPath: inbox)
        checks.append(
            Check(
                what: "inbox", isGood: isWritable,
                detail: isWritable
                    ? "you may drop job files"
                    : "you may not write \(inbox): are you in its group?"))
        return checks
    }

    private var reach: Check {
        do {
            let status = try daemon.client.status()
            return Check(
                what: "daemon", isGood: status.degraded == nil,
                detail: status.degraded ?? "version \(status.version), process \(status.process)")
        } catch {
            return Check(what: "daemon", isGood: false, detail: "\(error)")
        }
    }
}
