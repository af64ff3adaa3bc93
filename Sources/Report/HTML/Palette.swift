// The colours of all that people look at, as variables of a style sheet: report and pages are of
// one piece. Colours of text keep a contrast of 4.5 to 1 on each ground, those of lines and marks 3
// to 1.

package enum Palette {
    /// `--name: value;` by day.
    package static let light: Markup = """
          --page: #fcfcfb; --card: #ffffff; --ink: #1b1f24; --soft: #59626d; --line: #e2e4e7;
          --strong-line: #b9bec5; --accent: #0b5fa5; --wash: #f2f4f6;
          --good: #0d6b46; --good-wash: #e3f3ea; --fair: #7a5200; --fair-wash: #fbf0d6;
          --bad: #a3301c; --bad-wash: #fbe6e1;
          --s0: #0b62a8; --s1: #c04a08; --s2: #0a7a58; --s3: #98468b; --s4: #946300;
          --s5: #1f7199;
          --s6: #666c74; --s7: #7a3b10;
          --shade: rgb(20 30 40 / .16); --keep: #c3c9d0; --self: #d3d7dc; --none: #f2f4f6;
        """

    /// By night: what differs.
    package static let dark: Markup = """
            --page: #131619; --card: #191d21; --ink: #e4e7ea; --soft: #a2abb5; --line: #2c3238;
            --strong-line: #525b65; --accent: #7fb8f0; --wash: #1f2429;
            --good: #74d3a4; --good-wash: #14322a; --fair: #e6bb5c; --fair-wash: #352a12;
            --bad: #f39a86; --bad-wash: #3b1e19;
            --s0: #6cb2f2; --s1: #f08a4b; --s2: #4cc79b; --s3: #dd93cf; --s4: #e0b13f;
            --s5: #a5d5f7;
            --s6: #a4aab2; --s7: #c99872;
            --shade: rgb(0 0 0 / .6); --keep: #4a535d; --self: #343b43; --none: #1f2429;
        """
}
