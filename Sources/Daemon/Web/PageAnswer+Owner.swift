// Who owns something: the daemon knows numbers.

extension PageAnswer {
    static func owner(_ user: Int) -> String { "user \(user)" }
}
