package webauth

func (s *Service) signOutPages() {
	s.Handle("GET "+PathSignOut, s.signOutPage)
	s.Handle("POST "+PathSignOut, s.signOutForm)
}

var signOutLook = MustPage(files, "pages/sign-out.html")

func (s *Service) signOutPage(q *Request) error {
	title := "Sign out"
	if q.UserID == "" {
		title = "You are signed out"
	}
	return q.Show(signOutLook, title, nil)
}

// signOutForm: with "next" another user signs in then, and goes on there.
func (s *Service) signOutForm(q *Request) error {
	if err := q.SignOut(); err != nil {
		return err
	}
	if q.PostForm.Has("next") {
		return q.Redirect(SignInURL(q.Next(), ""))
	}
	return q.Redirect(PathSignOut)
}
