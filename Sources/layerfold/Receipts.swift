// One thing done to several jobs: each answer on its line, and the refusals at the end.

import Jobs

enum Receipts {
    /// Prints states.
    static func print(
        _ ids: [String], json: Bool, isList: Bool = false, _ body: (String) throws -> JobReceipt
    ) throws {
        try print(ids, json: json, isList: isList, words: \.state.rawValue, body)
    }

    /// Does the same to each job, and goes on where one refuses.
    /// - Parameter words: what is printed of an answer.
    /// - Throws: the first refusal, at the end.
    static func print<Receipt: Encodable>(
        _ ids: [String], json: Bool, isList: Bool = false, words: (Receipt) -> String,
        _ body: (String) throws -> Receipt
    ) throws {
        var receipts: [Receipt] = []
        var failures: [Failure] = []
        for id in ids {
            do {
                let receipt = try body(id)
                receipts.append(receipt)
                if json { continue }
                Terminal.line(ids.count > 1 || isList ? "\(id) \(words(receipt))" : words(receipt))
            } catch let failure as Failure {
                failures.append(failure)
                if ids.count > 1 { Terminal.error("layerfold: \(failure.message)") }
            }
        }
        if json {
            if isList || ids.count > 1 {
                try Terminal.json(receipts)
            } else if let receipt = receipts.first {
                try Terminal.json(receipt)
            }
        }
        guard let first = failures.first else { return }
        throw ids.count == 1
            ? first : Failure(first.status, "\(failures.count) of \(ids.count) jobs refused")
    }
}
