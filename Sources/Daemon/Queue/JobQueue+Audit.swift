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
            let kept = try auditFile.lastSequence()
            if try index.lastEventSequence() < kept {
                let restored = try index.restore(try auditFile.events())
                logger.notice(
                    "took the audit log over from its copy", metadata: ["acts": "\(restored)"])
            }
            auditKept = kept
        } catch let error as StoreError {
            throw error
        } catch {
            auditKept = .max
            tellOfCopy(error)
        }
        keepAudit()
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
