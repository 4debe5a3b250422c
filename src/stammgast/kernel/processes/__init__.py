"""The three processes: who starts them, how they find each other, how they wake each other, what they write down."""
