// What people write about a job: kept in its folder, so that it lives as long as the job does.

package import Jobs
import Logging
import Store

extension JobQueue {
    /// Keeps a note with a job, in place of an earlier one; an empty one takes that away.
    /// - Parameter text: at most `JobNote.textBytesMax` bytes; blanks around it are left out.
    /// - Throws: `ErrorDocument`: not found, forbidden, too large, refused.
    package func setNote(_ id: String, to text: String, by caller: Caller) throws -> JobNote? {
        let row = try allowed(id, caller, "write a note about")
        let text = Self.tidied(text)
        guard text.utf8.count <= JobNote.textBytesMax else {
            throw ErrorDocument(
                code: .tooLarge,
                message: "the note has \(text.utf8.count) bytes: expected at most "
                    + "\(JobNote.textBytesMax); keep longer texts beside the results")
        }
        let folder = JobFolder(folders.job(id))
        guard try folder.record() != nil else {
            throw ErrorDocument(code: .refused, message: "the folder of job \(id) is gone")
        }
        let now = configuration.clock.now()
        let note = text.isEmpty ? nil : JobNote(text: text, by: caller.user, atMilliseconds: now)
        try folder.write(note)
        struct Contents: Encodable {
            let by: Int
            let admin: Bool
        }
        let contents = try JobJSON.encode(Contents(by: caller.user, admin: caller.isAdmin))
        let event = EventRow(
            at: now, job: row.id, type: "note", data: String(decoding: contents, as: UTF8.self))
        try index.commit([.init(event: event)])
        keepAudit()
        logger.info("note", metadata: ["job": "\(id)", "by": "\(caller.user)"])
        return note
    }

    /// Line ends as Unix has them, and nothing invisible but them: forms send CR LF.
    private static func tidied(_ text: String) -> String {
        let lines = text.replacing("\r\n", with: "\n").unicodeScalars.filter { scalar in
            scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
        }
        let plain = String(String.UnicodeScalarView(lines))
        guard let first = plain.firstIndex(where: { !$0.isWhitespace }),
            let last = plain.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(plain[first...last])
    }
}
