// The audit log beside the jobs: kept up with the index, and given back to one that was made anew.

import Failures
import Logging
import Store

extension JobQueue {
    private var auditFile: AuditFile { AuditFile(in: folders.jobs) }

    /// Gives an index that is new, or older than the copy beside the jobs, the acts that it lacks;
    /// before anything else is noted, so that no number is given twice. Where the copy cannot be
    /// read nothing is added to it until the next start.
    func restoreAudit() throws {
        do {
            let kept = try auditFile.contents()
            if kept.damaged > 0 {
                logger.warning(
                    "lines of the copy of the audit log are damaged, and passed over",
                    metadata: [
                        "lines": "\(kept.damaged)",
                        "places": "\(kept.places.joined(separator: ", "))",
                    ])
            }
            let last = kept.numbers.max() ?? 0
            if try index.lastEventSequence() < last {
                let restored = try index.restore(auditFile.events())
                logger.notice(
                    "took the audit log over from its copy", metadata: ["acts": "\(restored)"])
            }
            auditKept = last
            // Before the holes: what fills them begins no file.
            keepAudit()
            try fillHoles(of: kept, before: last)
        } catch let error as StoreError {
            throw error
        } catch {
            auditKept = .max
            tellOfCopy(error)
        }
    }

    /// Copies what the index has and the copy has lost, between its first act and its last. The
    /// first is so by place: of earlier ones that were copied again, nothing before them is lost.
    private func fillHoles(of kept: AuditFile.Contents, before end: Int) throws(StoreError) {
        guard let first = kept.first else { return }
        var after = first
        while true {
            let acts = try index.acts(after: after, countMax: Self.auditBatch)
            let lost = acts.filter {
                $0.sequence < end && !kept.numbers.contains($0.sequence)
                    && AuditFile.mayKeep($0.event)
            }
            do { try auditFile.append(lost, isFill: true) } catch { return tellOfCopy(error) }
            guard let last = acts.last?.sequence, last < end else { return }
            after = last
        }
    }

    /// Copies the acts that are new. What goes wrong costs nothing now: they are copied with the
    /// next one, or at the next start.
    func keepAudit() {
        do {
            while true {
                let events = try index.acts(after: auditKept, countMax: Self.auditBatch)
                guard let last = events.last else { return }
                try auditFile.append(events)
                auditKept = last.sequence
            }
        } catch {
            tellOfCopy(error)
        }
    }

    private static let auditBatch = 1_000

    private func tellOfCopy(_ error: any Error) {
        logger.warning(
            "the copy of the audit log is behind",
            metadata: ["reason": "\(FaultText.describe(error))"])
    }
}
