// The audit log beside the jobs: kept up with the index, and given back to one that was made anew.

import Failures
import Logging
import Store

extension JobQueue {
    private var auditFile: AuditFile { AuditFile(in: folders.jobs) }

    /// Gives an index that knows of no act what is kept beside the jobs; before anything else is
    /// noted, as numbers go on behind it. Without the copy the index begins anew.
    func restoreAudit() throws {
        do {
            let events = try auditFile.events()
            let restored = try index.restore(events)
            if restored > 0 {
                logger.notice(
                    "took the audit log over from its copy", metadata: ["acts": "\(restored)"])
            }
        } catch let error as StoreError {
            throw error
        } catch {
            tellOfCopy(error)
        }
        do {
            // An index that is older than the copy gives numbers once more.
            let last = try index.lastEventSequence()
            auditKept = min(try auditFile.lastSequence(), last)
        } catch let error as StoreError {
            throw error
        } catch {
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
